"""Statements about customer service: how far each account's messages were read, and the token that lets read on."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Integer, Text, and_, bindparam, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.intake.store.tables import Time, kf
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows

_TOLD = rows("t", account_id=Integer(), open_kfid=Text(), token=Text(), token_at=Time)
_new = upsert(kf).from_select(
    ["account_id", "open_kfid", "cursor", "token", "token_at"],
    select(_TOLD.c.account_id, _TOLD.c.open_kfid, bindparam("cursor", type_=Text()), _TOLD.c.token, _TOLD.c.token_at),
)
_PUT = _new.on_conflict_do_update(
    index_elements=[kf.c.account_id, kf.c.open_kfid],
    set_={"token": _new.excluded.token, "token_at": _new.excluded.token_at},
    where=kf.c.token_at <= _new.excluded.token_at,
)


def put_kf_tokens(ctx: Ctx, told: Sequence[tuple[int, str, str, datetime]]) -> None:
    """Keep the latest token of each account: (account_id, open_kfid, token, of when)."""
    latest: dict[tuple[int, str], tuple[str, datetime]] = {}
    for account_id, open_kfid, token, at in told:
        if at >= latest.get((account_id, open_kfid), ("", at))[1]:
            latest[account_id, open_kfid] = token, at
    if not latest:
        return
    keys = sorted(latest)
    parameters = given(
        _TOLD,
        account_id=[key[0] for key in keys],
        open_kfid=[key[1] for key in keys],
        token=[latest[key][0] for key in keys],
        token_at=[latest[key][1] for key in keys],
    )
    ctx.tx.execute(_PUT, parameters | {"cursor": ""})


_ASKED = rows("k", account_id=Integer(), open_kfid=Text())
_STANDS = select(kf.c.account_id, kf.c.open_kfid, kf.c.cursor, kf.c.token, kf.c.token_at).where(
    tuple_(kf.c.account_id, kf.c.open_kfid).in_(select(_ASKED.c.account_id, _ASKED.c.open_kfid))
)


def kf_places(ctx: Ctx, asked: Sequence[tuple[int, str]]) -> dict[tuple[int, str], tuple[str, str, datetime]]:
    """(cursor, token, of when) of accounts of customer service."""
    parameters = given(_ASKED, account_id=[one[0] for one in asked], open_kfid=[one[1] for one in asked])
    found = ctx.tx.execute(_STANDS, parameters)
    return {(row.account_id, row.open_kfid): (row.cursor, row.token, row.token_at) for row in found}


_READ = rows("r", account_id=Integer(), open_kfid=Text(), cursor=Text())
_MOVE = (
    update(kf)
    .where(and_(kf.c.account_id == _READ.c.account_id, kf.c.open_kfid == _READ.c.open_kfid))
    .values(cursor=_READ.c.cursor)
)


def move_kf(ctx: Ctx, read: Sequence[tuple[int, str, str]]) -> None:
    """Messages were read up to there: (account_id, open_kfid, cursor)."""
    if read:
        parameters = given(
            _READ,
            account_id=[one[0] for one in read],
            open_kfid=[one[1] for one in read],
            cursor=[one[2] for one in read],
        )
        ctx.tx.execute(_MOVE, parameters)
