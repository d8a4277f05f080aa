"""Private: the statements about what platforms know of the taxonomy, and when it is compared."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Integer,
    Row,
    Text,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import unnest
from siyu.kernel.probes import MACHINE, NOW, any_of
from siyu.tags.store.tables import Time, group, link, look, remote_group, tag

LONGEST_LEASE = 3_600.0
"""Machine seconds. A lease that ends later is of a clock that was set back since."""


def free(lease: ColumnElement[float], machine: ColumnElement[float]) -> ColumnElement[bool]:
    """Not leased at a machine second."""
    return or_(lease < machine, lease > machine + LONGEST_LEASE)


# --- when the taxonomies are compared --------------------------------------------------------------------------


def look_now(ctx: Ctx, account_ids: Collection[int]) -> None:
    """Compare the taxonomies of these accounts now; one under way is compared again."""
    fresh = {"due_at": ctx.now, "serial": 1, "attempts": 0, "lease_machine": 0.0, "looked_at": None, "problem": ""}
    statement = upsert(look).values([{"account_id": one, **fresh} for one in sorted(account_ids)])
    again = {"due_at": statement.excluded.due_at, "serial": look.c.serial + 1, "attempts": 0}
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=[look.c.account_id], set_=again))


def look_for_group(ctx: Ctx, group_id: int) -> None:
    """Compare the taxonomies that a group of ours is told to, or that have tags of it to delete, now."""
    told = select(remote_group.c.account_id).where(remote_group.c.group_id == group_id, remote_group.c.outward)
    left = select(link.c.account_id).where(link.c.tag_id.is_(None))
    ctx.tx.execute(
        update(look)
        .where(or_(look.c.account_id.in_(told), look.c.account_id.in_(left)))
        .values(due_at=ctx.now, serial=look.c.serial + 1, attempts=0)
    )


_DUE = (
    select(look.c.account_id)
    .where(
        look.c.due_at <= bindparam("now", type_=Time), free(look.c.lease_machine, bindparam("machine", type_=Double()))
    )
    .order_by(look.c.due_at, look.c.account_id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .subquery()
)
_CLAIM = (
    update(look)
    .where(look.c.account_id == _DUE.c.account_id)
    .values(lease_machine=bindparam("lease", type_=Double()))
    .returning(look)
)


def claim_look(ctx: Ctx, machine: float, lease: float) -> Row[Any] | None:
    """Lease the comparison that is due longest."""
    return ctx.tx.execute(_CLAIM, {"now": ctx.now, "machine": machine, "lease": lease}).one_or_none()


def still_mine(ctx: Ctx, account_id: int, lease: float) -> bool:
    """Whether nobody has claimed the comparison since; nobody can until the transaction ends."""
    mine = select(look.c.lease_machine).where(look.c.account_id == account_id).with_for_update()
    return ctx.tx.execute(mine).scalar_one_or_none() == lease


def end_look(ctx: Ctx, account_id: int, serial: int, due_at: datetime, **values: Any) -> None:
    """The comparison was made; asked for again meanwhile, it is made again."""
    ctx.tx.execute(update(look).where(look.c.account_id == account_id).values(lease_machine=0.0, **values))
    same = (look.c.account_id == account_id, look.c.serial == serial)
    ctx.tx.execute(update(look).where(*same).values(due_at=due_at))


def looks(ctx: Ctx) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(look).order_by(look.c.account_id)).all()


next_look = select(func.min(look.c.due_at))
LOOK_READY = any_of(
    select(look.c.account_id).where(and_(look.c.due_at <= NOW, free(look.c.lease_machine, MACHINE))).exists()
)


# --- groups and tags on the platforms --------------------------------------------------------------------------


def groups_at(ctx: Ctx, account_id: int | None = None) -> Sequence[Row[Any]]:
    """Our groups that an account has or is to have, with our name of each (``group_name``)."""
    statement = select(remote_group, group.c.name.label("group_name")).join(
        group, group.c.group_id == remote_group.c.group_id
    )
    statement = statement.order_by(remote_group.c.account_id, remote_group.c.group_id)
    return ctx.tx.execute(
        statement if account_id is None else statement.where(remote_group.c.account_id == account_id)
    ).all()


def places_of(ctx: Ctx, group_id: int) -> Sequence[Row[Any]]:
    """The accounts that have a group of ours or are to have it."""
    return ctx.tx.execute(select(remote_group).where(remote_group.c.group_id == group_id)).all()


def links_at(ctx: Ctx, account_id: int | None = None) -> Sequence[Row[Any]]:
    """What an account calls our tags; ``tag_id`` is None of those that are still to be deleted there."""
    statement = select(link).order_by(link.c.link_id)
    return ctx.tx.execute(statement if account_id is None else statement.where(link.c.account_id == account_id)).all()


def links_of(ctx: Ctx, tag_id: int) -> Sequence[Row[Any]]:
    return ctx.tx.execute(select(link).where(link.c.tag_id == tag_id)).all()


def links_by_remote(ctx: Ctx, pairs: Collection[tuple[int, str]]) -> dict[tuple[int, str], int | None]:
    """The tags that accounts call by these (account_id, remote_id); None of those that are to be deleted there."""
    asked = unnest(
        "r", account_id=(Integer(), [one[0] for one in pairs]), remote_id=(Text(), [one[1] for one in pairs])
    )
    key = tuple_(link.c.account_id, link.c.remote_id)
    found = select(link.c.account_id, link.c.remote_id, link.c.tag_id)
    found = found.where(key.in_(select(asked.c.account_id, asked.c.remote_id)))
    return {(row.account_id, row.remote_id): row.tag_id for row in ctx.tx.execute(found)}


def tags_in(ctx: Ctx, group_ids: Collection[int]) -> Sequence[Row[Any]]:
    """All tags of groups, retired and merged ones included."""
    asked = unnest("g", group_id=(Integer(), sorted(group_ids)))
    return ctx.tx.execute(select(tag).where(tag.c.group_id.in_(select(asked.c.group_id))).order_by(tag.c.tag_id)).all()


def put_group(ctx: Ctx, account_id: int, group_id: int, **values: Any) -> None:
    """Write what an account knows of a group."""
    fresh = {"remote_id": None, "name": "", "rights": "mark", "outward": False, **values}
    statement = upsert(remote_group).values(account_id=account_id, group_id=group_id, **fresh)
    keys = [remote_group.c.account_id, remote_group.c.group_id]
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def drop_groups(ctx: Ctx, account_id: int, remote_ids: Collection[str]) -> None:
    """The account has these groups no more; those that are told to it are to be made anew."""
    mine = and_(remote_group.c.account_id == account_id, remote_group.c.remote_id.in_(sorted(remote_ids)))
    ctx.tx.execute(delete(remote_group).where(mine, ~remote_group.c.outward))
    ctx.tx.execute(update(remote_group).where(mine).values(remote_id=None, name="", rights="all"))


def add_links(ctx: Ctx, new: Sequence[Mapping[str, Any]]) -> None:
    """Say what an account calls tags of ours: account_id, tag_id, remote_id, name, rights, problem."""
    if new:
        statement = upsert(link).values([dict(one) for one in new])
        told = {name: statement.excluded[name] for name in ("remote_id", "name", "rights", "problem")}
        ctx.tx.execute(statement.on_conflict_do_update(index_elements=[link.c.tag_id, link.c.account_id], set_=told))


def change_link(ctx: Ctx, link_id: int, **values: Any) -> None:
    ctx.tx.execute(update(link).where(link.c.link_id == link_id).values(**values))


def note_problems(ctx: Ctx, account_id: int, problems: Mapping[int, str]) -> None:
    """Say why tags are not at an account as they are here; "" when they are."""
    if problems:
        told = unnest("p", tag_id=(Integer(), list(problems)), problem=(Text(), list(problems.values())))
        same = and_(link.c.account_id == account_id, link.c.tag_id == told.c.tag_id)
        ctx.tx.execute(update(link).where(same).values(problem=told.c.problem))


def drop_links(ctx: Ctx, link_ids: Collection[int]) -> None:
    if link_ids:
        ctx.tx.execute(delete(link).where(link.c.link_id.in_(sorted(link_ids))))


def leave_links(ctx: Ctx, tag_id: int) -> list[int]:
    """The tag goes here: what accounts have of it is to be deleted there; the accounts."""
    mine = link.c.tag_id == tag_id
    ctx.tx.execute(delete(link).where(mine, link.c.remote_id.is_(None)))
    left = update(link).where(mine).values(tag_id=None).returning(link.c.account_id)
    return list(ctx.tx.execute(left).scalars())


_OUTWARD = (
    select(link.c.account_id, link.c.tag_id, link.c.remote_id, link.c.name)
    .join(tag, tag.c.tag_id == link.c.tag_id)
    .join(remote_group, and_(remote_group.c.account_id == link.c.account_id, remote_group.c.group_id == tag.c.group_id))
    .where(remote_group.c.outward, link.c.remote_id.is_not(None), link.c.rights != "read")
)
outward = _OUTWARD.subquery("outward")
"""(account_id, tag_id, remote_id, name) of the tags whose carriers an account is told of."""


def outward_tags(ctx: Ctx, tag_ids: Collection[int] | None = None) -> dict[tuple[int, int], str]:
    """remote_id by (account_id, tag_id) of the tags whose carriers accounts are told of, of all or of some."""
    statement = select(outward)
    if tag_ids is not None:
        asked = unnest("t", tag_id=(Integer(), sorted(tag_ids)))
        statement = statement.where(outward.c.tag_id.in_(select(asked.c.tag_id)))
    return {(row.account_id, row.tag_id): row.remote_id for row in ctx.tx.execute(statement)}


def read_only_tags(ctx: Ctx) -> set[int]:
    """The tags that only their platforms give."""
    statement = select(link.c.tag_id).where(link.c.rights == "read")
    return {tag_id for tag_id in ctx.tx.execute(statement).scalars() if tag_id is not None}
