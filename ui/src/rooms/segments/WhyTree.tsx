import { CheckCircleFilled, CloseCircleFilled, QuestionCircleFilled } from '@ant-design/icons'
import { Typography } from 'antd'
import type { components } from '@/api/schema'
import { useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { seenSentence } from './seen'
import { leafSentence, toLeaf, useSpeech } from './sentence'
import './editor.css'

type Why = components['schemas']['WhyBody']

/** Why a person is in or out: each part of the condition with its truth and the values that were seen. */
export function WhyTree({ why }: { why: Why }) {
  const t = useSay()
  const names = useNames()
  const speech = useSpeech()
  const mark = why.needs_archive ? (
    <QuestionCircleFilled style={{ color: '#b7791f' }} aria-label={t('archive.unknown')} />
  ) : why.result ? (
    <CheckCircleFilled style={{ color: '#0e7a5f' }} aria-label={t('segment.true')} />
  ) : (
    <CloseCircleFilled style={{ color: '#c92a2a' }} aria-label={t('segment.false')} />
  )
  return (
    <div>
      <div style={{ display: 'flex', gap: 8, padding: '3px 0', alignItems: 'baseline' }}>
        {mark}
        <div>
          {why.node === 'leaf' ? (
            <>
              <div>{leafSentence(toLeaf(why.word, why.params), speech)}</div>
              <Typography.Text type="secondary">
                {seenSentence(why.word, why.params, why.seen, names, t)}
              </Typography.Text>
              {why.needs_archive && <div className="cond-unseen">{t('archive.unknown_leaf')}</div>}
            </>
          ) : (
            <b>{t(why.of.length === 0 ? 'segment.everybody' : `segment.group.${why.node}`)}</b>
          )}
        </div>
      </div>
      {why.of.length > 0 && (
        <div style={{ borderInlineStart: '2px solid var(--siyu-line)', marginInlineStart: 6, paddingInlineStart: 14 }}>
          {why.of.map((part, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of an answer have no identity and no order to lose
            <WhyTree key={index} why={part} />
          ))}
        </div>
      )}
    </div>
  )
}
