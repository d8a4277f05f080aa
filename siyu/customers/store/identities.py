"""Statements of identities, facts, decisions and cases. All writes run under the lock of ``lock_identities``."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Integer, Text, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.customers.store.tables import (
    Time,
    assertion,
    case_member,
    decision,
    decision_member,
    identity,
    origin,
    review_case,
    visitor,
)
from siyu.customers.types import Identity
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import lock, unnest


def lock_identities(ctx: Ctx) -> None:
    """Serialise everything that may change which customers exist.

    Two transactions that each add a link cannot see each other's, so both would resolve half a graph. Only batches
    that bring a fact which is new wait here; known people never do.
    """
    lock(ctx, "customers.identities")


def known(ctx: Ctx, wanted: Sequence[Identity]) -> dict[Identity, tuple[int, int | None]]:
    """Stored identities among ``wanted``: (identity_id, origin_id or None for weak kinds)."""
    asked = unnest(
        "w",
        kind=(Text(), [one.kind for one in wanted]),
        scope=(Text(), [one.scope for one in wanted]),
        value=(Text(), [one.value for one in wanted]),
    )
    statement = select(
        identity.c.kind, identity.c.scope, identity.c.value, identity.c.identity_id, identity.c.origin_id
    ).join(
        asked,
        (identity.c.kind == asked.c.kind) & (identity.c.scope == asked.c.scope) & (identity.c.value == asked.c.value),
    )
    rows = ctx.tx.execute(statement).all()
    return {
        Identity(kind, value, scope): (identity_id, origin_id) for kind, scope, value, identity_id, origin_id in rows
    }


def customers_of(ctx: Ctx, origins: Iterable[int]) -> dict[int, int]:
    """origin_id -> customer_id."""
    ids = unnest("o", origin_id=(Integer(), sorted(set(origins))))
    rows = ctx.tx.execute(
        select(origin.c.origin_id, origin.c.customer_id).join(ids, ids.c.origin_id == origin.c.origin_id)
    )
    return {row.origin_id: row.customer_id for row in rows}


def asserted(ctx: Ctx, facts: Sequence[tuple[int, int, str]]) -> set[tuple[int, int, str]]:
    """Which of the facts (origin_id, identity_id, source) are stored."""
    if not facts:
        return set()
    asked = unnest(
        "a",
        origin_id=(Integer(), [fact[0] for fact in facts]),
        identity_id=(Integer(), [fact[1] for fact in facts]),
        source=(Text(), [fact[2] for fact in facts]),
    )
    rows = ctx.tx.execute(
        select(asked.c.origin_id, asked.c.identity_id, asked.c.source).join(
            assertion,
            (assertion.c.origin_id == asked.c.origin_id)
            & (assertion.c.identity_id == asked.c.identity_id)
            & (assertion.c.source == asked.c.source),
        )
    )
    return {(row[0], row[1], row[2]) for row in rows}


def add_identities(ctx: Ctx, new: Sequence[tuple[Identity, bool]]) -> dict[Identity, tuple[int, int | None]]:
    """Insert identities; True gives it a new origin, ids ascending in the given order."""
    statement = text(
        """insert into identity (kind, scope, value, origin_id)
        select kind, scope, value, case when node then nextval('origin_id_seq') end
        from (select * from unnest(
            cast(:kinds as text[]), cast(:scopes as text[]), cast(:values as text[]), cast(:nodes as bool[])
          ) with ordinality as n(kind, scope, value, node, place) order by place) ordered
        returning kind, scope, value, identity_id, origin_id"""
    )
    rows = ctx.tx.execute(
        statement,
        {
            "kinds": [one.kind for one, _ in new],
            "scopes": [one.scope for one, _ in new],
            "values": [one.value for one, _ in new],
            "nodes": [node for _, node in new],
        },
    )
    return {Identity(row.kind, row.value, row.scope): (row.identity_id, row.origin_id) for row in rows}


def add_origins(ctx: Ctx, rows: Sequence[tuple[int, int]]) -> None:
    """Insert (origin_id, customer_id)."""
    new = unnest(
        "n", origin_id=(Integer(), [row[0] for row in rows]), customer_id=(Integer(), [row[1] for row in rows])
    )
    ctx.tx.execute(
        insert(origin).from_select(
            ["origin_id", "customer_id", "created_at"],
            select(new.c.origin_id, new.c.customer_id, literal(ctx.now, Time)),
        )
    )


def add_assertions(ctx: Ctx, facts: Sequence[tuple[int, int, str, datetime]]) -> None:
    """Insert (origin_id, identity_id, source, at)."""
    new = unnest(
        "n",
        origin_id=(Integer(), [fact[0] for fact in facts]),
        identity_id=(Integer(), [fact[1] for fact in facts]),
        source=(Text(), [fact[2] for fact in facts]),
        at=(Time, [fact[3] for fact in facts]),
    )
    names = ["origin_id", "identity_id", "source", "at"]
    ctx.tx.execute(upsert(assertion).from_select(names, select(*new.c)).on_conflict_do_nothing())


def shared(ctx: Ctx, identity_ids: Sequence[int]) -> set[int]:
    """Which identities are asserted by anybody."""
    ids = unnest("i", identity_id=(Integer(), identity_ids))
    there = select(assertion.c.identity_id).where(assertion.c.identity_id == ids.c.identity_id).exists()
    return set(ctx.tx.execute(select(ids.c.identity_id).where(there)).scalars())


# One recursive statement for all seeds: neighbours by common values (links and weak ones) and by standing decisions.
_CLOSURE = """
with recursive reach(origin_id) as (
  select unnest(cast(:seeds as int[]))
  union
  select n.origin_id from reach r cross join lateral (
    select b.origin_id from assertion a join assertion b on b.identity_id = a.identity_id
      where a.origin_id = r.origin_id
    union all
    select i.origin_id from assertion a join identity i on i.identity_id = a.identity_id
      where a.origin_id = r.origin_id and i.origin_id is not null
    union all
    select m.origin_id from decision_member d join decision x on x.decision_id = d.decision_id and x.undone_at is null
      join decision_member m on m.decision_id = d.decision_id where d.origin_id = r.origin_id
  ) n
) select origin_id from reach
"""


def closure(ctx: Ctx, seeds: Iterable[int]) -> list[int]:
    """All origins connected with the seeds."""
    return list(ctx.tx.execute(text(_CLOSURE), {"seeds": sorted(set(seeds))}).scalars())


def graph_rows(ctx: Ctx, origins: Sequence[int]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    """Of these origins: (origin, customer, kind, scope), (origin, identity, its own origin), decisions' members."""
    ids = unnest("o", origin_id=(Integer(), origins))
    nodes = ctx.tx.execute(
        select(origin.c.origin_id, origin.c.customer_id, identity.c.kind, identity.c.scope)
        .join(ids, ids.c.origin_id == origin.c.origin_id)
        .join(identity, identity.c.origin_id == origin.c.origin_id, isouter=True)
    ).all()
    facts = ctx.tx.execute(
        select(assertion.c.origin_id, assertion.c.identity_id, identity.c.origin_id)
        .join(ids, ids.c.origin_id == assertion.c.origin_id)
        .join(identity, identity.c.identity_id == assertion.c.identity_id)
        .distinct()
    ).all()
    mine = (
        select(decision_member.c.decision_id)
        .join(ids, ids.c.origin_id == decision_member.c.origin_id)
        .distinct()
        .subquery()
    )
    statements = ctx.tx.execute(
        select(decision.c.decision_id, decision.c.verdict, decision_member.c.group_no, decision_member.c.origin_id)
        .join(decision_member, decision_member.c.decision_id == decision.c.decision_id)
        .where(decision.c.decision_id.in_(select(mine.c.decision_id)), decision.c.undone_at.is_(None))
    ).all()
    return nodes, facts, statements


def move_origins(ctx: Ctx, changes: Sequence[tuple[int, int]]) -> None:
    """Set the customer of each (origin_id, customer_id)."""
    new = unnest(
        "n", origin_id=(Integer(), [row[0] for row in changes]), customer_id=(Integer(), [row[1] for row in changes])
    )
    ctx.tx.execute(update(origin).where(origin.c.origin_id == new.c.origin_id).values(customer_id=new.c.customer_id))


def bind_visitors(ctx: Ctx, rows: Sequence[tuple[str, int, datetime]]) -> None:
    """Remember whom an anonymous id was recognised as, the latest recognition wins; rows must be distinct by id."""
    new = unnest(
        "n",
        anonymous_id=(Text(), [row[0] for row in rows]),
        origin_id=(Integer(), [row[1] for row in rows]),
        seen_at=(Time, [row[2] for row in rows]),
    )
    statement = upsert(visitor).from_select(
        ["anonymous_id", "origin_id", "seen_at"], select(*new.c).order_by(new.c.anonymous_id)
    )
    ctx.tx.execute(
        statement.on_conflict_do_update(
            index_elements=[visitor.c.anonymous_id],
            set_={"origin_id": statement.excluded.origin_id, "seen_at": statement.excluded.seen_at},
            where=visitor.c.seen_at < statement.excluded.seen_at,
        )
    )


def visitors(ctx: Ctx, anonymous_ids: Sequence[str]) -> dict[str, int]:
    """anonymous id -> origin_id, of those recognised."""
    rows = ctx.tx.execute(
        select(visitor.c.anonymous_id, visitor.c.origin_id).where(
            visitor.c.anonymous_id == func.any(literal(list(anonymous_ids), ARRAY(Text)))
        )
    )
    return {row.anonymous_id: row.origin_id for row in rows}


def open_cases(ctx: Ctx, origins: Sequence[int]) -> dict[int, set[int]]:
    """Open review cases that hold one of the origins: case_id -> origins."""
    ids = unnest("o", origin_id=(Integer(), origins))
    mine = (
        select(case_member.c.case_id)
        .join(ids, ids.c.origin_id == case_member.c.origin_id)
        .join(review_case, (review_case.c.case_id == case_member.c.case_id) & (review_case.c.state == "open"))
    )
    rows = ctx.tx.execute(select(case_member.c.case_id, case_member.c.origin_id).where(case_member.c.case_id.in_(mine)))
    found: dict[int, set[int]] = {}
    for row in rows:
        found.setdefault(row.case_id, set()).add(row.origin_id)
    return found


def case_members(ctx: Ctx, case_ids: Sequence[int]) -> dict[int, set[int]]:
    """case_id -> origins, of whatever state."""
    rows = ctx.tx.execute(
        select(case_member.c.case_id, case_member.c.origin_id).where(case_member.c.case_id.in_(case_ids))
    )
    found: dict[int, set[int]] = {}
    for row in rows:
        found.setdefault(row.case_id, set()).add(row.origin_id)
    return found


def close_cases(ctx: Ctx, case_ids: Sequence[int], state: str) -> None:
    """Close cases; their members stay for the record."""
    ctx.tx.execute(
        update(review_case).where(review_case.c.case_id.in_(case_ids)).values(state=state, closed_at=ctx.now)
    )


def open_new_cases(ctx: Ctx, count: int) -> list[int]:
    """Insert empty open cases."""
    at = literal(ctx.now, Time)
    rows = select(literal("open"), at).select_from(func.generate_series(1, count).table_valued("n"))
    return sorted(
        ctx.tx.execute(
            insert(review_case).from_select(["state", "opened_at"], rows).returning(review_case.c.case_id)
        ).scalars()
    )


def reopen_case(ctx: Ctx, case_ids: Sequence[int]) -> None:
    """Open decided cases again."""
    ctx.tx.execute(update(review_case).where(review_case.c.case_id.in_(case_ids)).values(state="open", closed_at=None))


def set_case_members(ctx: Ctx, rows: Sequence[tuple[int, int, int]]) -> None:
    """Replace the members of the cases named in (case_id, group_no, origin_id)."""
    ctx.tx.execute(delete(case_member).where(case_member.c.case_id.in_({row[0] for row in rows})))
    new = unnest(
        "n",
        case_id=(Integer(), [row[0] for row in rows]),
        group_no=(Integer(), [row[1] for row in rows]),
        origin_id=(Integer(), [row[2] for row in rows]),
    )
    ctx.tx.execute(insert(case_member).from_select(["case_id", "group_no", "origin_id"], select(*new.c)))


def add_decision(ctx: Ctx, verdict: str, case_id: int | None, groups: Sequence[Iterable[int]]) -> int:
    """Insert a decision with its groups of origins."""
    values = {"verdict": verdict, "case_id": case_id, "decided_at": ctx.now, "actor": ctx.actor.label}
    decision_id = ctx.tx.execute(insert(decision).values(**values).returning(decision.c.decision_id)).scalar_one()
    rows = [(number, member) for number, group in enumerate(groups) for member in sorted(group)]
    new = unnest("n", group_no=(Integer(), [row[0] for row in rows]), origin_id=(Integer(), [row[1] for row in rows]))
    chosen = select(literal(decision_id), new.c.group_no, new.c.origin_id)
    ctx.tx.execute(insert(decision_member).from_select(["decision_id", "group_no", "origin_id"], chosen))
    return decision_id


def undo_decision(ctx: Ctx, decision_id: int) -> int | None:
    """Mark a standing decision undone; returns its case_id (0 without a case), None when there is none."""
    row = ctx.tx.execute(
        update(decision)
        .where(decision.c.decision_id == decision_id, decision.c.undone_at.is_(None))
        .values(undone_at=ctx.now)
        .returning(func.coalesce(decision.c.case_id, 0))
    ).scalar_one_or_none()
    return None if row is None else int(row)


def decision_origins(ctx: Ctx, decision_id: int) -> list[int]:
    """The origins that a decision is about."""
    rows = ctx.tx.execute(select(decision_member.c.origin_id).where(decision_member.c.decision_id == decision_id))
    return list(rows.scalars())


def origins_of(ctx: Ctx, customer_ids: Iterable[int]) -> list[int]:
    """All origins of these customers."""
    return list(
        ctx.tx.execute(select(origin.c.origin_id).where(origin.c.customer_id.in_(sorted(set(customer_ids))))).scalars()
    )
