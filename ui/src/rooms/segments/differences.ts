import { close, type Group, type Node, open } from './model'
import { conditionSentence, type Speech } from './sentence'

/** What one version of a segment says otherwise than another, in words. */
export interface Difference {
  name: { before: string; after: string } | null
  /** Parts of the condition that only one of them has. */
  added: string[]
  removed: string[]
  /** The whole condition, when its parts are joined in another way. */
  whole: { before: string; after: string } | null
}

interface Version {
  name: string
  condition: Record<string, unknown>
}

function joined(root: Group): string {
  return `${root.op}${root.not}`
}

function only(mine: Node[], theirs: Node[], speech: Speech): string[] {
  const known = new Set(theirs.map((part) => JSON.stringify(close(part))))
  return mine.filter((part) => !known.has(JSON.stringify(close(part)))).map((part) => conditionSentence(part, speech))
}

export function differences(before: Version, after: Version, speech: Speech): Difference {
  const [old, now] = [open(before.condition), open(after.condition)]
  const same = joined(old) === joined(now) || old.parts.length < 2 || now.parts.length < 2
  const comparable = same && old.not === now.not
  const differ = JSON.stringify(close(old)) !== JSON.stringify(close(now))
  return {
    name: before.name === after.name ? null : { before: before.name, after: after.name },
    added: differ && comparable ? only(now.parts, old.parts, speech) : [],
    removed: differ && comparable ? only(old.parts, now.parts, speech) : [],
    whole:
      differ && !comparable ? { before: conditionSentence(old, speech), after: conditionSentence(now, speech) } : null,
  }
}
