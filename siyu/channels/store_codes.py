"""Private: what stands on the platforms of each channel, what is to be looked at, leases."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Integer,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from siyu.channels.store import Time, channel, code
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.kernel.probes import MACHINE, NOW, Due, any_of, earliest

LONGEST_LEASE = 3_600.0
"""Machine seconds. A lease that ends later is of a clock that was set back since."""


def _free(lease: ColumnElement[float], machine: ColumnElement[float]) -> ColumnElement[bool]:
    return or_(lease < machine, lease > machine + LONGEST_LEASE)


_LOOKED = rows("l", channel_id=Integer())
_LOOK = (
    update(code)
    .where(code.c.channel_id == _LOOKED.c.channel_id)
    .values(serial=code.c.serial + 1, attempts=0, look_at=bindparam("now", type_=Time))
)


def look(ctx: Ctx, ids: Iterable[int]) -> None:
    """Look again now at what the platform should have of these channels."""
    ctx.tx.execute(_LOOK, given(_LOOKED, channel_id=sorted(set(ids))) | {"now": ctx.now})


_DUE = (
    select(code.c.channel_id)
    .where(
        code.c.look_at <= bindparam("now", type_=Time),
        _free(code.c.lease_machine, bindparam("machine", type_=Double())),
    )
    .order_by(code.c.look_at, code.c.channel_id)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(skip_locked=True)
    .subquery()
)
_CLAIM = (
    update(code)
    .where(code.c.channel_id == _DUE.c.channel_id)
    .values(lease_machine=bindparam("lease", type_=Double()))
    .returning(code.c.channel_id)
)


def claim(ctx: Ctx, most: int, machine: float, lease: float) -> list[int]:
    """Lease channels that are to be looked at; their ids."""
    return list(ctx.tx.execute(_CLAIM, {"now": ctx.now, "machine": machine, "lease": lease, "most": most}).scalars())


_WHOLE: Select[Any] = select(channel, *(column for column in code.c if column.name != "channel_id")).join(
    code, code.c.channel_id == channel.c.channel_id
)


def code_rows(ctx: Ctx, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Channels with what stands of them, in order of their ids."""
    return ctx.tx.execute(_WHOLE.where(channel.c.channel_id.in_(ids)).order_by(channel.c.channel_id)).all()


_ADDED = rows("a", channel_id=Integer())
_ADDING = (
    update(code)
    .where(code.c.channel_id == _ADDED.c.channel_id, code.c.adding_since.is_(None))
    .values(adding_since=bindparam("now", type_=Time))
)


def adding(ctx: Ctx, ids: Sequence[int]) -> None:
    """Remember that the platform is about to be asked for new codes, in case nobody hears its answer."""
    ctx.tx.execute(_ADDING, given(_ADDED, channel_id=ids) | {"now": ctx.now})


_KINDS: dict[str, TypeEngine[Any]] = {
    "channel_id": Integer(),
    "serial": Integer(),
    "config_id": Text(),
    "url": Text(),
    "image_url": Text(),
    "staff_id": Integer(),
    "shown": JSONB(),
    "look_at": Time,
    "adding_since": Time,
    "compared_at": Time,
    "attempts": Integer(),
    "problem": Text(),
}
_DONE = rows("d", **_KINDS)
_same = code.c.serial == _DONE.c.serial
_FINISH = (
    update(code)
    .where(code.c.channel_id == _DONE.c.channel_id)
    .values(
        lease_machine=0.0,
        **{
            name: _DONE.c[name]
            for name in ("config_id", "url", "image_url", "staff_id", "shown", "adding_since", "compared_at")
        },
        # Wished for again meanwhile: that wish stands, and its attempts begin anew.
        look_at=case((_same, _DONE.c.look_at), else_=code.c.look_at),
        attempts=case((_same, _DONE.c.attempts), else_=code.c.attempts),
        problem=_DONE.c.problem,
    )
)


def finish(ctx: Ctx, done: Sequence[dict[str, Any]]) -> None:
    """Write what became of claimed channels; keys: the columns of ``channel_code`` but the lease."""
    ctx.tx.execute(_FINISH, given(_DONE, **{name: [one[name] for one in done] for name in _KINDS}))


_OLDEST: Select[datetime | None] = select(func.min(code.c.look_at))
DUE: Due = earliest(_OLDEST)
"""When a code may have to change."""
READY = any_of(
    select(code.c.channel_id).where(and_(code.c.look_at <= NOW, _free(code.c.lease_machine, MACHINE))).exists()
)
"""Whether a code can be looked at now."""
