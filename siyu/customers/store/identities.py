"""Statements of identities, facts, decisions and cases. All writes run under the lock of ``lock_identities``."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Text, bindparam, case, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.customers.store.tables import (
    Time,
    assertion,
    case_member,
    customer,
    decision,
    decision_member,
    event_ids,
    identity,
    origin,
    review_case,
    visitor,
)
from siyu.customers.types import Identity
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, lock, notation, rows, unnest


def lock_identities(ctx: Ctx) -> None:
    """Serialise everything that may change which customers exist.

    Two transactions that each add a link cannot see each other's, so both would resolve half a graph. Only batches
    that bring a fact which is new wait here; known people never do.
    """
    lock(ctx, "customers.identities")


_ORIGINS = rows("o", origin_id=Integer())
_HOMES = select(origin.c.origin_id, origin.c.customer_id).join(_ORIGINS, _ORIGINS.c.origin_id == origin.c.origin_id)


def customers_of(ctx: Ctx, origins: Iterable[int]) -> dict[int, int]:
    """origin_id -> customer_id."""
    found = ctx.tx.execute(_HOMES, given(_ORIGINS, origin_id=sorted(set(origins)))).all()
    return {row[0]: row[1] for row in found}


_LOCK = (
    select(origin.c.origin_id, origin.c.customer_id, customer.c.owner_id)
    .join(_ORIGINS, _ORIGINS.c.origin_id == origin.c.origin_id)
    .join(customer, customer.c.customer_id == origin.c.customer_id)
    .order_by(customer.c.customer_id)
    .with_for_update(of=customer)
)
_LOCK_AND_NUMBER = _LOCK.with_only_columns(origin.c.origin_id, origin.c.customer_id, event_ids.next_value())


def lock_customers(ctx: Ctx, origins: Iterable[int]) -> dict[int, tuple[int, int | None]]:
    """origin_id -> (customer_id, owner_id); the customers' rows are locked, as profile.lock_rows says why."""
    found = ctx.tx.execute(_LOCK, given(_ORIGINS, origin_id=sorted(set(origins)))).all()
    return {origin_id: (customer_id, owner_id) for origin_id, customer_id, owner_id in found}


def lock_and_number(ctx: Ctx, origins: Iterable[int]) -> dict[int, tuple[int, int]]:
    """As lock_customers: origin_id -> (customer_id, a number never used before, for the key of an event)."""
    found = ctx.tx.execute(_LOCK_AND_NUMBER, given(_ORIGINS, origin_id=sorted(set(origins)))).all()
    return {origin_id: (customer_id, number) for origin_id, customer_id, number in found}


_ADD_IDENTITIES = text(
    """insert into identity (kind, scope, value, origin_id)
    select kind, scope, value, case when node then nextval('origin_id_seq') end
    from (select * from unnest(
        cast(:kinds as text[]), cast(:scopes as text[]), cast(:values as text[]), cast(:nodes as bool[])
      ) with ordinality as n(kind, scope, value, node, place) order by place) ordered
    returning kind, scope, value, identity_id, origin_id"""
)


def add_identities(ctx: Ctx, new: Sequence[tuple[Identity, bool]]) -> dict[Identity, tuple[int, int | None]]:
    """Insert identities; True gives it a new origin, ids ascending in the given order."""
    done = ctx.tx.execute(
        _ADD_IDENTITIES,
        {
            "kinds": notation(Text(), [one.kind for one, _ in new]),
            "scopes": notation(Text(), [one.scope for one, _ in new]),
            "values": notation(Text(), [one.value for one, _ in new]),
            "nodes": notation(Integer(), [node for _, node in new]),
        },
    ).all()
    return {Identity(kind, value, scope): (identity_id, own) for kind, scope, value, identity_id, own in done}


_NEW_ORIGINS = rows("n", origin_id=Integer(), customer_id=Integer())
_ADD_ORIGINS = insert(origin).from_select(
    ["origin_id", "customer_id", "created_at"], select(*_NEW_ORIGINS.c, bindparam("now", type_=Time))
)


def add_origins(ctx: Ctx, pairs: Sequence[tuple[int, int]]) -> None:
    """Insert (origin_id, customer_id)."""
    new = given(_NEW_ORIGINS, origin_id=[pair[0] for pair in pairs], customer_id=[pair[1] for pair in pairs])
    ctx.tx.execute(_ADD_ORIGINS, new | {"now": ctx.now})


_FACTS = rows("n", origin_id=Integer(), identity_id=Integer(), source=Text(), at=Time)
_ADD_ASSERTIONS = insert(assertion).from_select(["origin_id", "identity_id", "source", "at"], select(*_FACTS.c))


def add_assertions(ctx: Ctx, facts: Sequence[tuple[int, int, str, datetime]]) -> None:
    """Insert (origin_id, identity_id, source, at), which the caller has looked for under the lock and not found."""
    parameters = given(
        _FACTS,
        origin_id=[fact[0] for fact in facts],
        identity_id=[fact[1] for fact in facts],
        source=[fact[2] for fact in facts],
        at=[fact[3] for fact in facts],
    )
    ctx.tx.execute(_ADD_ASSERTIONS, parameters)


DOUBTFUL = 0
"""Stands for the customer of an identity that several have, or about whom a review case is open."""
_IDENTITIES = rows("i", identity_id=Integer())
_in_doubt = (
    select(case_member.c.case_id)
    .join(review_case, (review_case.c.case_id == case_member.c.case_id) & (review_case.c.state == "open"))
    .where(case_member.c.origin_id == origin.c.origin_id)
    .exists()
)
_plain = (func.min(origin.c.customer_id) == func.max(origin.c.customer_id)) & ~func.bool_or(_in_doubt)
_HOLDERS = (
    select(_IDENTITIES.c.identity_id, case((_plain, func.min(origin.c.customer_id)), else_=DOUBTFUL))
    .join(assertion, assertion.c.identity_id == _IDENTITIES.c.identity_id)
    .join(origin, origin.c.origin_id == assertion.c.origin_id)
    .group_by(_IDENTITIES.c.identity_id)
)


def holders(ctx: Ctx, identity_ids: Sequence[int]) -> dict[int, int]:
    """identity_id -> the one customer who has it, or DOUBTFUL; identities that nobody has are missing."""
    found = ctx.tx.execute(_HOLDERS, given(_IDENTITIES, identity_id=identity_ids)).all()
    return {row[0]: row[1] for row in found}


_EDGES_ASKED = rows("e", origin_id=Integer(), identity_id=Integer())
_ASSERTED = (
    select(_EDGES_ASKED.c.origin_id, _EDGES_ASKED.c.identity_id)
    .join(
        assertion,
        (assertion.c.origin_id == _EDGES_ASKED.c.origin_id) & (assertion.c.identity_id == _EDGES_ASKED.c.identity_id),
    )
    .distinct()
)


def asserted(ctx: Ctx, pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Which of (origin_id, identity_id) some source has told already."""
    asked = given(_EDGES_ASKED, origin_id=[pair[0] for pair in pairs], identity_id=[pair[1] for pair in pairs])
    return {(row[0], row[1]) for row in ctx.tx.execute(_ASSERTED, asked)}


# One recursive statement for all seeds: neighbours by common values (links and weak ones) and by standing decisions.
_CLOSURE = text("""
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
""")


def closure(ctx: Ctx, seeds: Iterable[int]) -> list[int]:
    """All origins connected with the seeds."""
    return list(ctx.tx.execute(_CLOSURE, {"seeds": notation(Integer(), sorted(set(seeds)))}).scalars())


_NODES = (
    select(origin.c.origin_id, origin.c.customer_id, identity.c.kind, identity.c.scope)
    .join(_ORIGINS, _ORIGINS.c.origin_id == origin.c.origin_id)
    .join(identity, identity.c.origin_id == origin.c.origin_id, isouter=True)
)
_EDGES = (
    select(assertion.c.origin_id, assertion.c.identity_id, identity.c.origin_id)
    .join(_ORIGINS, _ORIGINS.c.origin_id == assertion.c.origin_id)
    .join(identity, identity.c.identity_id == assertion.c.identity_id)
    .distinct()
)
_STATEMENTS = (
    select(decision.c.decision_id, decision.c.verdict, decision_member.c.group_no, decision_member.c.origin_id)
    .join(decision_member, decision_member.c.decision_id == decision.c.decision_id)
    .where(
        decision.c.decision_id.in_(
            select(decision_member.c.decision_id).join(_ORIGINS, _ORIGINS.c.origin_id == decision_member.c.origin_id)
        ),
        decision.c.undone_at.is_(None),
    )
)


def graph_rows(ctx: Ctx, origins: Sequence[int]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    """Of these origins: (origin, customer, kind, scope), (origin, identity, its own origin), decisions' members."""
    asked = given(_ORIGINS, origin_id=origins)
    nodes = ctx.tx.execute(_NODES, asked).all()
    facts = ctx.tx.execute(_EDGES, asked).all()
    return nodes, facts, ctx.tx.execute(_STATEMENTS, asked).all()


_MOVE_ORIGINS = (
    update(origin).where(origin.c.origin_id == _NEW_ORIGINS.c.origin_id).values(customer_id=_NEW_ORIGINS.c.customer_id)
)


def move_origins(ctx: Ctx, changes: Sequence[tuple[int, int]]) -> None:
    """Set the customer of each (origin_id, customer_id)."""
    new = given(_NEW_ORIGINS, origin_id=[row[0] for row in changes], customer_id=[row[1] for row in changes])
    ctx.tx.execute(_MOVE_ORIGINS, new)


_VISITORS = rows("n", anonymous_id=Text(), origin_id=Integer(), seen_at=Time)
_bound = upsert(visitor).from_select(
    ["anonymous_id", "origin_id", "seen_at"], select(*_VISITORS.c).order_by(_VISITORS.c.anonymous_id)
)
_BIND = _bound.on_conflict_do_update(
    index_elements=[visitor.c.anonymous_id],
    set_={"origin_id": _bound.excluded.origin_id, "seen_at": _bound.excluded.seen_at},
    where=visitor.c.seen_at < _bound.excluded.seen_at,
)


def bind_visitors(ctx: Ctx, seen: Sequence[tuple[str, int, datetime]]) -> None:
    """Remember whom an anonymous id was recognised as, the latest recognition wins; rows must be distinct by id."""
    parameters = given(
        _VISITORS,
        anonymous_id=[row[0] for row in seen],
        origin_id=[row[1] for row in seen],
        seen_at=[row[2] for row in seen],
    )
    ctx.tx.execute(_BIND, parameters)


_NAMES = rows("v", anonymous_id=Text())
_BOUND = select(visitor.c.anonymous_id, visitor.c.origin_id).join(
    _NAMES, _NAMES.c.anonymous_id == visitor.c.anonymous_id
)


def visitors(ctx: Ctx, anonymous_ids: Sequence[str]) -> dict[str, int]:
    """anonymous id -> origin_id, of those recognised."""
    found = ctx.tx.execute(_BOUND, given(_NAMES, anonymous_id=anonymous_ids)).all()
    return {row[0]: row[1] for row in found}


_CASES = select(case_member.c.case_id, case_member.c.origin_id).where(
    case_member.c.case_id.in_(
        select(case_member.c.case_id)
        .join(_ORIGINS, _ORIGINS.c.origin_id == case_member.c.origin_id)
        .join(review_case, (review_case.c.case_id == case_member.c.case_id) & (review_case.c.state == "open"))
    )
)


def open_cases(ctx: Ctx, origins: Sequence[int]) -> dict[int, set[int]]:
    """Open review cases that hold one of the origins: case_id -> origins."""
    found: dict[int, set[int]] = {}
    for case_id, origin_id in ctx.tx.execute(_CASES, given(_ORIGINS, origin_id=origins)):
        found.setdefault(case_id, set()).add(origin_id)
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
