"""Private: who uses a content. Rooms above ``content`` answer; ``app`` registers their answers when it wires the house.

A content never refers upward, so archiving one asks the checks that were handed in here.
"""

from collections.abc import Callable

from siyu.content.types import ContentUsed, Use
from siyu.kernel.ctx import Ctx

Check = Callable[[Ctx, int], list[Use]]
_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Let ``check(ctx, content_id)`` speak for room ``name``; registering again replaces it."""
    _checks[name] = check


def refuse(ctx: Ctx, content_id: int) -> None:
    """Raise ContentUsed naming everything that sends the content."""
    used_by = [use for name in sorted(_checks) for use in _checks[name](ctx, content_id)]
    if used_by:
        names = ", ".join(use.name for use in used_by)
        detail = {"used_by": [use.as_detail() for use in used_by]}
        raise ContentUsed(f"the content is used by {names}", field="content_id", detail=detail)
