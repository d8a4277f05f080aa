"""Private: which conditions depend on chats that nobody sees.

WeCom shows an application nothing of what staff and customers write to each other without the licensed archive (S6):
there a reply is unknown, not "no". Leaves stay two-valued; what depends on such chats is named beside them.
"""

from dataclasses import replace

from siyu.kernel.ctx import Ctx
from siyu.platforms import queries as platforms
from siyu.segments.once import once, reading
from siyu.segments.parse import kind_of
from siyu.segments.types import All, AnyOf, Condition, Doubt, Leaf, NeedsArchive, Not, Why

NONE = Doubt()


def hidden(ctx: Ctx) -> frozenset[int]:
    """The WeCom accounts whose staff's chats nobody sees; none where an archive reads them, or where no WeCom is."""

    def look() -> frozenset[int]:
        if platforms.archive_configured(ctx):
            return frozenset()
        return frozenset(one.account_id for one in platforms.accounts(ctx, "wecom") if one.active)

    return once("hidden chats", look)


def doubts(ctx: Ctx, condition: Condition, field: str = "") -> list[NeedsArchive]:
    """The leaves whose outcome chats that nobody sees could change, by their paths below ``field``."""
    with reading():
        return _walk(ctx, condition, field, flipped=False)


def doubt(ctx: Ctx, condition: Condition) -> Doubt:
    """How chats that nobody sees could change the whole condition."""
    found = NONE
    for one in doubts(ctx, condition):
        found |= Doubt(gains=one.misses, loses=one.silent)
    return found


def _walk(ctx: Ctx, condition: Condition, field: str, *, flipped: bool) -> list[NeedsArchive]:
    match condition:
        case All(of) | AnyOf(of):
            word = "all" if isinstance(condition, All) else "any"
            return [
                one
                for n, part in enumerate(of)
                for one in _walk(ctx, part, _join(field, f"{word}.{n}"), flipped=flipped)
            ]
        case Not(of):
            return _walk(ctx, of, _join(field, "not"), flipped=not flipped)
        case Leaf():
            found = kind_of(condition).doubt(ctx, condition.params, None)
            if found == NONE:
                return []
            misses, silent = (found.loses, found.gains) if flipped else (found.gains, found.loses)
            return [NeedsArchive(field, misses=misses, silent=silent)]


def _join(field: str, more: str) -> str:
    return f"{field}.{more}" if field else more


def marked(ctx: Ctx, condition: Condition, why: Why) -> Why:
    """The explanation of a person who may have chatted, marked where unseen chats could change an answer."""
    with reading():
        return _marked(ctx, condition, why)[0]


def _marked(ctx: Ctx, condition: Condition, why: Why) -> tuple[Why, bool | None]:
    """The node, and its truth where that is certain (Kleene's three values)."""
    match condition:
        case All(of) | AnyOf(of):
            parts = [_marked(ctx, part, told) for part, told in zip(of, why.of, strict=True)]
            truths = [truth for _, truth in parts]
            decides = isinstance(condition, AnyOf)
            known = decides if decides in truths else None if None in truths else not decides
            return replace(why, of=tuple(part for part, _ in parts), needs_archive=known is None), known
        case Not(of):
            part, truth = _marked(ctx, of, why.of[0])
            return replace(why, of=(part,), needs_archive=truth is None), None if truth is None else not truth
        case Leaf():
            found = kind_of(condition).doubt(ctx, condition.params, why.seen)
            unknown = found.loses if why.result else found.gains
            return replace(why, needs_archive=unknown), None if unknown else why.result
