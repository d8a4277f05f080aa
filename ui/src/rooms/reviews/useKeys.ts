import { useEffect, useRef } from 'react'

/** Keys of a page; not while somebody writes, a dialog or a list is open, or a key is held down. */
export function useKeys(acts: Record<string, () => unknown>): void {
  const latest = useRef(acts)
  useEffect(() => {
    latest.current = acts
  })
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
      const target = event.target instanceof HTMLElement ? event.target : null
      // The tabs have the arrow keys for themselves.
      if (target?.closest('input:not([type=checkbox]), textarea, [contenteditable], [role=tablist], [role=dialog]'))
        return
      const act = latest.current[event.key] ?? latest.current[event.key.toLowerCase()]
      if (!act || document.querySelector('.ant-modal-wrap:not([style*="display: none"])')) return
      event.preventDefault()
      act()
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])
}
