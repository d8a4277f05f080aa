"""Private: who uses a tag. Rooms above ``tags`` answer; ``app`` registers their answers when it wires the house.

A tag never refers upward, so deleting one asks the checks that were handed in here.
"""

from collections.abc import Callable

from siyu.kernel.ctx import Ctx
from siyu.tags.types import Use

Check = Callable[[Ctx, int], list[Use]]
_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Let ``check(ctx, tag_id)`` speak for room ``name``; registering again replaces it."""
    _checks[name] = check


def of(ctx: Ctx, tag_id: int) -> list[Use]:
    """Everything that uses the tag, over all registered rooms."""
    return [use for name in sorted(_checks) for use in _checks[name](ctx, tag_id)]
