"""Private: conditions for one customer in memory, with why; pure over ``Facts``."""

from siyu.segments.parse import dump, kind_of
from siyu.segments.types import All, AnyOf, At, Condition, Facts, Leaf, Not, Why


def why(condition: Condition, facts: Facts, at: At) -> Why:
    """The condition with its truth, node by node."""
    match condition:
        case All(of):
            parts = tuple(why(part, facts, at) for part in of)
            return Why("all", all(part.result for part in parts), "all", {}, {}, parts)
        case AnyOf(of):
            parts = tuple(why(part, facts, at) for part in of)
            return Why("any", any(part.result for part in parts), "any", {}, {}, parts)
        case Not(of):
            part = why(of, facts, at)
            return Why("not", not part.result, "not", {}, {}, (part,))
        case Leaf(kind, params):
            seen = kind_of(condition).read(params, facts, at)
            shown = {key: value for key, value in dump(condition).items() if key != "kind"}
            return Why("leaf", seen.result, kind, shown, seen.values)
