"""Statements about the conversation archive: how far each corp's was read, and when it is looked at next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Double, Integer, Row, Text, bindparam, case, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.intake.store.tables import Time, archive, free, lookup, round_
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.kernel.probes import MACHINE, NOW, Due, Probe, least
from siyu.kernel.settings import settings

_CORPS = rows("c", account_id=Integer())
_BLANK = {"seq": "0", "serial": "1", "lease_machine": "0.0", "failures": "0", "error": "''"}
_new = upsert(archive).from_select(
    ["account_id", "due_at", *_BLANK],
    select(_CORPS.c.account_id, bindparam("now", type_=Time), *(literal_column(value) for value in _BLANK.values())),
)
_RING = _new.on_conflict_do_update(
    index_elements=[archive.c.account_id],
    set_={"serial": archive.c.serial + 1, "due_at": func.least(archive.c.due_at, _new.excluded.due_at)},
)


def ring_archives(ctx: Ctx, account_ids: Sequence[int]) -> None:
    """Messages wait: read on now; a page under way is followed by another."""
    if account_ids:
        ctx.tx.execute(_RING, given(_CORPS, account_id=account_ids) | {"now": ctx.now})


_free = (
    select(archive.c.account_id)
    .where(
        archive.c.due_at <= bindparam("now", type_=Time),
        free(archive.c.lease_machine, bindparam("machine", type_=Double())),
    )
    .order_by(archive.c.due_at, archive.c.account_id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_CLAIM = (
    update(archive)
    .where(archive.c.account_id == _free)
    .values(lease_machine=bindparam("lease", type_=Double()))
    .returning(archive)
)


def claim_archive(ctx: Ctx, machine: float, lease: float) -> Row[Any] | None:
    """Lease the archive that is due longest."""
    return ctx.tx.execute(_CLAIM, {"now": ctx.now, "machine": machine, "lease": lease}).one_or_none()


_serial = bindparam("claimed_serial", type_=Integer())
_due = case((archive.c.serial == _serial, bindparam("due", type_=Time)), else_=archive.c.due_at)
_PUT_OFF = (
    update(archive)
    .where(archive.c.account_id == bindparam("corp", type_=Integer()))
    .values(
        lease_machine=0.0,
        due_at=bindparam("due", type_=Time),
        failures=bindparam("failed", type_=Integer()),
        error=bindparam("why", type_=Text()),
    )
)
_MOVE = (
    update(archive)
    .where(archive.c.account_id == bindparam("corp", type_=Integer()), archive.c.seq == bindparam("read_from"))
    .values(
        lease_machine=0.0,
        seq=bindparam("read_to"),
        due_at=_due,
        read_at=bindparam("now", type_=Time),
        failures=0,
        error="",
    )
    .returning(archive.c.account_id)
)


def put_off_archive(ctx: Ctx, account_id: int, due: datetime, failures: int, error: str) -> None:
    """A page could not be read: try again at ``due``."""
    ctx.tx.execute(_PUT_OFF, {"corp": account_id, "due": due, "failed": failures, "why": error})


def move_archive(ctx: Ctx, account_id: int, since: int, until: int, serial: int, due: datetime) -> bool:
    """The archive was read from ``since`` up to ``until``, next at ``due`` or, when rung meanwhile, at once.

    False when it does not stand at ``since`` any more.
    """
    given_now = {"corp": account_id, "read_from": since, "read_to": until, "claimed_serial": serial}
    moved = ctx.tx.execute(_MOVE, given_now | {"due": due, "now": ctx.now})
    return moved.scalar_one_or_none() is not None


def archive_rows(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(archive).order_by(archive.c.account_id)).all()


ARCHIVE_READY: Probe[bool] = Probe(
    (select(archive.c.account_id).where(archive.c.due_at <= NOW, free(archive.c.lease_machine, MACHINE)).exists(),),
    lambda _, values: bool(values[0]) and bool(settings().wecom_archive),
)
"""Whether a page of an archive can be read."""
DUE: Due = Probe(
    tuple(
        select(func.min(column)).scalar_subquery() for column in (lookup.c.due_at, round_.c.next_at, archive.c.due_at)
    ),
    lambda _, values: least(values if settings().wecom_archive else values[:2]),
)
"""When the next reading, round or page of an archive is due."""
