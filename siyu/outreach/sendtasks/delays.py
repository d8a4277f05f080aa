"""Private: how late each sender confirms, learned from what was confirmed."""

from collections.abc import Iterable

from sqlalchemy import Integer, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.outreach.store import sender

WEIGHT = 0.3
"""What the latest confirmation counts in the moving average."""
_SENDERS = rows("senders", staff=Text())
_DELAYS = select(sender.c.staff, sender.c.delay_s).join_from(_SENDERS, sender, sender.c.staff == _SENDERS.c.staff)
_SEEN = rows("seen", staff=Text(), delay_s=Integer())
_FIRST = upsert(sender).from_select(
    ["staff", "confirms", "delay_s"], select(_SEEN.c.staff, literal(1), _SEEN.c.delay_s)
)
_LEARN = _FIRST.on_conflict_do_update(
    index_elements=["staff"],
    set_={
        "confirms": sender.c.confirms + 1,
        "delay_s": cast(
            func.round(sender.c.delay_s * (1 - WEIGHT) + _FIRST.excluded.delay_s * WEIGHT),
            Integer(),
        ),
    },
)


def delays(ctx: Ctx, staff: Iterable[str]) -> dict[str, int]:
    """Seconds between the handing over and the confirmation, for the senders who ever confirmed."""
    asked = sorted(set(staff))
    if not asked:
        return {}
    return {row.staff: row.delay_s for row in ctx.tx.execute(_DELAYS, given(_SENDERS, staff=asked))}


def learn(ctx: Ctx, confirmed: Iterable[tuple[str, int]]) -> None:
    """Take in confirmations, as (userid, seconds after the handing over); of one sender the mean counts once."""
    by_staff: dict[str, list[int]] = {}
    for staff, seconds in confirmed:
        by_staff.setdefault(staff, []).append(max(0, seconds))
    if by_staff:
        order = sorted(by_staff)
        means = [sum(by_staff[one]) // len(by_staff[one]) for one in order]
        ctx.tx.execute(_LEARN, given(_SEEN, staff=order, delay_s=means))
