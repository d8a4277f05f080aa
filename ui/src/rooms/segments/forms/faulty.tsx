import { createContext, type ReactNode, useContext } from 'react'

/** Which parameter of a leaf the server refused, as a dotted path; null when none. */
const Refused = createContext<string | null>(null)

export function RefusedAt({ path, children }: { path: string | null; children: ReactNode }) {
  return <Refused value={path}>{children}</Refused>
}

/** The forms below belong to one parameter that has parameters of its own, such as `first` of a sequence. */
export function Inside({ part, children }: { part: string; children: ReactNode }) {
  const path = useContext(Refused)
  return <Refused value={path?.startsWith(`${part}.`) ? path.slice(part.length + 1) : null}>{children}</Refused>
}

/** Marks the control of a refused parameter: `status={faulty('within')}`. */
export function useFaulty(): (...names: string[]) => 'error' | '' {
  const path = useContext(Refused)
  return (...names) => (names.some((name) => path === name || path?.startsWith(`${name}.`)) ? 'error' : '')
}
