"""Private: intake's background work: readings and reconciliation by phases, what starts them."""

from collections.abc import Sequence
from datetime import datetime

from siyu.intake import actions, store
from siyu.intake.lookups import LOOKUPS
from siyu.intake.rounds import KINDS, ROUNDS
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse
from siyu.kernel.notices import Notice
from siyu.platforms import queries as platforms

PHASES = (LOOKUPS, ROUNDS)


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Watch for the finish of mass sends that were accepted."""
    if any(event.props.get("route") == "oa_mass" for event in pulse.of("delivery_accepted")):
        actions.watch_masses(ctx)


def notice(ctx: Ctx, notices: Sequence[Notice]) -> None:
    """Reconcile accounts that are new or were changed."""
    saved = {one.payload.get("account_id") for one in notices if one.kind == "platforms.account_saved"}
    starts = [
        (account.account_id, kind)
        for account in (platforms.accounts(ctx) if saved else ())
        if account.account_id in saved and account.active
        for kind in KINDS[account.kind]
    ]
    if starts:
        store.start_rounds(ctx, starts)


def next_due(ctx: Ctx) -> datetime | None:
    """When the next reading or round is due."""
    return store.earliest(ctx)
