import { type Edge, EdgeLabelRenderer, type EdgeProps } from '@xyflow/react'
import { useEffect, useRef, useState } from 'react'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { curve, type Point } from './layout'

export type CountEdgeType = Edge<
  { word: string; count: number; entered: number; points: Point[]; label: Point; look: () => void },
  'count'
>

/** Thickness in pixels: the square root of the share, so that small streams stay visible. */
export function thickness(count: number, entered: number): number {
  return count === 0 ? 1.25 : 2 + 8 * Math.sqrt(count / Math.max(count, entered, 1))
}

export function CountEdge({ id, data }: EdgeProps<CountEdgeType>) {
  const t = useSay()
  const before = useRef(data?.count ?? 0)
  const [growths, setGrowths] = useState(0)
  const count = data?.count ?? 0
  useEffect(() => {
    if (count > before.current) setGrowths((known) => known + 1)
    before.current = count
  }, [count])
  if (!data) return null
  const path = curve(data.points)
  const width = thickness(count, data.entered)
  return (
    <>
      <path
        id={id}
        d={path}
        className={count ? 'wave-edge' : 'wave-edge wave-edge-empty'}
        style={{ strokeWidth: width }}
      />
      {growths > 0 && (
        <path key={growths} d={path} pathLength={100} className="wave-pulse" style={{ strokeWidth: width + 2 }} />
      )}
      <EdgeLabelRenderer>
        <button
          type="button"
          key={growths}
          className={`wave-count${count ? '' : ' wave-count-empty'}${growths ? ' wave-count-grew' : ''} nopan`}
          style={{ left: data.label.x, top: data.label.y }}
          data-edge={id}
          data-count={count}
          disabled={count === 0}
          title={count ? t('look.follow', { name: data.word }) : undefined}
          onClick={data.look}
        >
          {data.word} <b>{number(count)}</b>
        </button>
      </EdgeLabelRenderer>
    </>
  )
}
