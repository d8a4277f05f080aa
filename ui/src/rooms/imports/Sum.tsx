import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import type { Term } from './look'
import './imports.css'

/** Sums in words and numbers, one a line: why there are fewer people than rows. */
export function Sum({ lines }: { lines: Term[][] }) {
  const t = useSay()
  return (
    <>
      {lines
        .filter((line) => line.length > 0)
        .map((line) => (
          <div key={line.map((term) => term.word).join()} className="siyu-sum">
            {line.map((term) => (
              <div key={`${term.sign}${term.word}`} className="siyu-term">
                {term.sign && (
                  <span className="siyu-sign">{term.sign === 'among' ? t('import.among') : term.sign}</span>
                )}
                <span>
                  <b className={term.word === 'error' || term.word === 'refused' ? 'siyu-bad' : undefined}>
                    {number(term.count)}
                  </b>
                  <span>{t(`import.term.${term.word}`)}</span>
                </span>
              </div>
            ))}
          </div>
        ))}
    </>
  )
}
