"""Private: conditions for one customer in memory, with why; pure over ``Facts``."""

from collections.abc import Callable
from dataclasses import replace

from siyu.customers import queries as customers
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


_PERSONAL: dict[str, Callable[[str], str | None]] = {"phone": customers.masked_phone, "email": customers.masked_email}
"""The attributes that not everybody may see in full."""


def personal(found: Why) -> bool:
    """Whether the explanation holds a phone or an email."""
    own = found.word == "attribute" and found.params.get("name") in _PERSONAL and found.seen.get("value") is not None
    return own or any(personal(part) for part in found.of)


def masked(found: Why) -> Why:
    """The explanation with phones and emails masked."""
    parts = tuple(masked(part) for part in found.of)
    mask, value = _PERSONAL.get(str(found.params.get("name"))), found.seen.get("value")
    if found.word == "attribute" and mask is not None and isinstance(value, str):
        return replace(found, seen={**found.seen, "value": mask(value)}, of=parts)
    return replace(found, of=parts)
