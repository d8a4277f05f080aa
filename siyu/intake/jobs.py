"""Private: intake's background work: readings, reconciliation and archives by phases, what starts them."""

from collections.abc import Sequence

from siyu.intake import actions, store
from siyu.intake.archive import ARCHIVE
from siyu.intake.lookups import LOOKUPS, SERVICE
from siyu.intake.rounds import KINDS, ROUNDS
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse
from siyu.kernel.notices import Notice
from siyu.platforms import queries as platforms

PHASES = (LOOKUPS, ROUNDS, ARCHIVE)
FAST_PHASES = (SERVICE,)


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Watch for the finish of mass sends that were accepted."""
    if any(event.props.get("route") == "oa_mass" for event in pulse.of("delivery_accepted")):
        actions.watch_masses(ctx)


def notice(ctx: Ctx, notices: Sequence[Notice]) -> None:
    """Reconcile accounts that are new or were changed; of a corp whose app was switched off, by the next app."""
    saved = {one.payload.get("account_id") for one in notices if one.kind == "platforms.account_saved"}
    accounts = platforms.accounts(ctx) if saved else []
    known = actions.known_accounts(accounts)
    asking = saved | {one.speaker_id for account_id, one in known.items() if account_id in saved}
    starts = [
        (account.account_id, kind)
        for account in accounts
        if account.account_id in asking and account.active
        for kind in KINDS[account.kind]
    ]
    if starts:
        store.start_rounds(ctx, starts)
    corps = {known[account.account_id].home_id for account in accounts if account.kind == "wecom"}
    store.ring_archives(ctx, sorted(corps))


DUE = store.DUE
"""When the next reading, round or page of an archive is due."""
