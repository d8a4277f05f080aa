"""Private: who uses a tag, and what gives it. Rooms above ``tags`` answer; ``app`` registers their answers when it
wires the house.

A tag never refers upward, so deleting one asks the checks that were handed in here.
"""

from collections.abc import Callable, Mapping, Sequence

from siyu.kernel.ctx import Ctx
from siyu.tags.types import Tag, TagInUse, Use

Check = Callable[[Ctx, int], list[Use]]
Giving = Callable[[Ctx], Mapping[int, Sequence[Use]]]
_checks: dict[str, Check] = {}
_giving: dict[str, Giving] = {}


def register(name: str, check: Check) -> None:
    """Let ``check(ctx, tag_id)`` speak for room ``name``; registering again replaces it."""
    _checks[name] = check


def refuse(ctx: Ctx, tag: Tag) -> None:
    """Raise TagInUse naming everything that uses the tag."""
    used_by = of(ctx, tag.tag_id)
    if used_by:
        names = ", ".join(use.name for use in used_by)
        detail = {"used_by": [use.as_detail() for use in used_by]}
        raise TagInUse(f"{tag.path} is used by {names}", field="tag_id", detail=detail)


def of(ctx: Ctx, tag_id: int) -> list[Use]:
    """Everything that uses the tag, over all registered rooms."""
    return [use for name in sorted(_checks) for use in _checks[name](ctx, tag_id)]


def register_giving(name: str, giving: Giving) -> None:
    """Let ``giving(ctx)`` say which tags room ``name`` gives by itself, and what gives them, all at once."""
    _giving[name] = giving


def givers(ctx: Ctx) -> dict[int, list[Use]]:
    """What gives each tag by itself, over all registered rooms; tags that only people give are missing."""
    found: dict[int, list[Use]] = {}
    for name in sorted(_giving):
        for tag_id, gives in _giving[name](ctx).items():
            found.setdefault(tag_id, []).extend(gives)
    return found
