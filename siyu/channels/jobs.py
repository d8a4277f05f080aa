"""Private: what channels do by themselves: take note of who came, keep codes on the platform right."""

from collections.abc import Sequence

from siyu.channels import actions, arriving, store_codes
from siyu.channels.codes import CODES
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse
from siyu.kernel.notices import Notice

PHASES = (CODES,)


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Count, tag and tell who came by a channel."""
    arriving.arrived(ctx, pulse)


def notice(ctx: Ctx, notices: Sequence[Notice]) -> None:
    """Whoever was switched on or off may be in a rotation, and a changed workday may be in anybody's hours."""
    if any(one.kind == "workdays.changed" for one in notices):
        actions.look_again(ctx, None)
    switched = {int(str(one.payload["staff_id"])) for one in notices if one.kind == "team.staff_switched"}
    if switched:
        actions.look_again(ctx, switched)


DUE = store_codes.DUE
"""When a code on a platform may have to change."""
