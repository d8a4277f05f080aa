"""Private: who uses a segment. Rooms above (journeys, replies) answer; ``app`` registers their answers."""

from collections.abc import Callable

from siyu.kernel.ctx import Ctx
from siyu.segments.types import Use

Check = Callable[[Ctx, int], list[Use]]
_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Let ``check(ctx, segment_id)`` speak for room ``name``; registering again replaces it."""
    _checks[name] = check


def of(ctx: Ctx, segment_id: int) -> list[Use]:
    """Everything that uses the segment, over all registered rooms."""
    return [use for name in sorted(_checks) for use in _checks[name](ctx, segment_id)]
