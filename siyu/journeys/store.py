"""Private: the tables of journeys, and the statements about journeys and versions (enrolments: store_enrolments)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Named,
    Row,
    SmallInteger,
    Table,
    Text,
    TypedColumns,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, metadata, rows

Time = DateTime(timezone=True)
ProgramRow = Row[*tuple[Any, ...]]
Edge = tuple[int, int, str, str, str]
"""``journey_id, version, source, edge, target``."""


class JourneyColumns(TypedColumns):
    journey_id = Column(Integer, Identity(), primary_key=True)
    key: Named[str] = Column(Text, unique=True)
    name: Named[str] = Column(Text)
    mode: Named[str] = Column(Text)
    kind: Named[str] = Column(Text, server_default="flow")
    state: Named[str] = Column(Text)
    version: Named[int] = Column(Integer)
    segment_id: Named[int | None] = Column(Integer)
    own_segment_id: Named[int | None] = Column(Integer)
    created_at: Named[datetime] = Column(Time)
    started_at: Named[datetime | None] = Column(Time)
    stopped_at: Named[datetime | None] = Column(Time)
    fill_cursor: Named[int | None] = Column(Integer)
    fill_done: Named[int | None] = Column(Integer)
    fill_total: Named[int | None] = Column(Integer)


class VersionColumns(TypedColumns):
    journey_id = Column(Integer, primary_key=True, autoincrement=False)
    version = Column(Integer, primary_key=True, autoincrement=False)
    # JSON, not JSONB: an exported file keeps the order in which its author wrote it.
    definition: Named[dict[str, object]] = Column(JSON)
    program: Named[dict[str, object]] = Column(JSONB)
    created_at: Named[datetime] = Column(Time)
    actor: Named[str] = Column(Text)


class EnrolmentColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    enrolment_id = Column(BigInteger, Identity(), primary_key=True)
    journey_id: Named[int] = Column(Integer)
    version: Named[int] = Column(Integer)
    slot: Named[int] = Column(SmallInteger)
    state: Named[str] = Column(Text)
    stage: Named[str | None] = Column(Text)
    node: Named[str] = Column(Text)
    visit: Named[int] = Column(Integer)
    waiting: Named[str | None] = Column(Text)
    due_at: Named[datetime | None] = Column(Time)
    node_at: Named[datetime] = Column(Time)
    anchor: Named[datetime] = Column(Time)
    since: Named[datetime] = Column(Time)
    sent: Named[bool] = Column(Boolean)
    answer_event: Named[int | None] = Column(BigInteger)
    entered_at: Named[datetime] = Column(Time)
    ended_at: Named[datetime | None] = Column(Time)
    reason: Named[str | None] = Column(Text)
    origin_id: Named[int] = Column(Integer)
    entry_key: Named[str] = Column(Text)


class StepColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    enrolment_id = Column(BigInteger, primary_key=True, autoincrement=False)
    visit = Column(Integer, primary_key=True, autoincrement=False)
    node: Named[str] = Column(Text)
    edge: Named[str] = Column(Text)
    at: Named[datetime] = Column(Time)


class GoalColumns(TypedColumns):
    customer_id = Column(Integer, primary_key=True, autoincrement=False)
    enrolment_id = Column(BigInteger, primary_key=True, autoincrement=False)
    goal = Column(Text, primary_key=True)
    at: Named[datetime] = Column(Time)


class EdgeColumns(TypedColumns):
    edge_id = Column(BigInteger, Identity(), primary_key=True)
    journey_id: Named[int] = Column(Integer)
    version: Named[int] = Column(Integer)
    source: Named[str] = Column(Text)
    edge: Named[str] = Column(Text)
    target: Named[str] = Column(Text)
    n: Named[int] = Column(BigInteger)


journey = Table("journey", metadata, JourneyColumns)
version = Table("journey_version", metadata, VersionColumns)
# due_at under BRIN and half-filled pages keep the engine's updates HOT (ARCHITECTURE.md section 7: 56,000 steps/s
# against 38,000 under a btree). The other indexes hold columns that change at most once, when a journey ends.
enrolment = Table(
    "enrolment",
    metadata,
    EnrolmentColumns,
    Index(None, "due_at", postgresql_using="brin", postgresql_with={"pages_per_range": 8}),
    Index("uq_enrolment_entry", "customer_id", "journey_id", "entry_key", "origin_id", unique=True),
    Index("uq_enrolment_active", "customer_id", "journey_id", unique=True, postgresql_where=text("state = 'active'")),
    # Who is in a journey, newest first. None of these ever changes, so moving people stays HOT.
    Index("ix_enrolment_journey", "journey_id", "version", "enrolment_id"),
)
step = Table("enrolment_step", metadata, StepColumns)
goal = Table("enrolment_goal", metadata, GoalColumns)
# Additive rows, folded now and then: workers that move people over the same edge must not queue for one row.
edge_count = Table("journey_edge", metadata, EdgeColumns, Index(None, "journey_id", "version"))

FOLD_AT = 500
END = "end:"
"""Before the reason, in the edge by which somebody leaves a journey elsewhere than at the end of its flow."""
MOVE = "move:"
"""Before the reason, in the edge by which somebody is moved into another stage."""
GOAL = "goal:"
"""Before the name, in the edge from nowhere to nowhere that counts who reached a goal."""


def prepare(connection: Any) -> None:
    """Half-filled pages, so that an updated enrolment finds room beside its old version (HOT)."""
    connection.execute(text("alter table enrolment set (fillfactor = 50)"))


def add_journey(ctx: Ctx, key: str, **values: Any) -> int:
    statement = insert(journey).values(key=key, state="draft", version=0, created_at=ctx.now, **values)
    return ctx.tx.execute(statement.returning(journey.c.journey_id)).scalar_one()


def change_journey(ctx: Ctx, journey_id: int, **values: Any) -> None:
    ctx.tx.execute(update(journey).where(journey.c.journey_id == journey_id).values(**values))


def journey_row(
    ctx: Ctx, *, journey_id: int | None = None, key: str | None = None, lock: bool = False
) -> Row[*tuple[Any, ...]] | None:
    statement = select(journey).where(journey.c.journey_id == journey_id if key is None else journey.c.key == key)
    return ctx.tx.execute(statement.with_for_update() if lock else statement).one_or_none()


def journey_rows(ctx: Ctx, states: Sequence[str] = ()) -> Sequence[Row[*tuple[Any, ...]]]:
    statement = select(journey).order_by(journey.c.journey_id)
    return ctx.tx.execute(statement.where(journey.c.state.in_(list(states))) if states else statement).all()


def add_version(
    ctx: Ctx, journey_id: int, number: int, definition: dict[str, object], program: dict[str, object]
) -> None:
    ctx.tx.execute(
        insert(version).values(
            journey_id=journey_id,
            version=number,
            definition=definition,
            program=program,
            created_at=ctx.now,
            actor=ctx.actor.label,
        )
    )


def version_rows(ctx: Ctx, journey_id: int, number: int | None = None) -> Sequence[Row[*tuple[Any, ...]]]:
    statement = select(version).where(version.c.journey_id == journey_id).order_by(version.c.version.desc())
    return ctx.tx.execute(statement if number is None else statement.where(version.c.version == number)).all()


_PROGRAMS = (
    select(
        version.c.journey_id,
        version.c.version,
        (version.c.version == journey.c.version).label("live"),
        journey.c.state,
        journey.c.segment_id,
        journey.c.fill_cursor,
        cast(version.c.program, Text).label("program"),
    )
    .join(journey, journey.c.journey_id == version.c.journey_id)
    .where(journey.c.state.in_(bindparam("states", expanding=True)))
)


def programs(ctx: Ctx, states: Sequence[str]) -> Sequence[ProgramRow]:
    """``journey_id, version, live, state, segment_id, fill_cursor, program`` (as text) of every version of the journeys
    in these states."""
    return ctx.tx.execute(_PROGRAMS, {"states": list(states)}).all()


_COUNTED = rows("n", journey_id=Integer(), version=Integer(), source=Text(), edge=Text(), target=Text(), n=BigInteger())
_OLDEST = select(func.min(edge_count.alias("oldest").c.edge_id)).scalar_subquery()
_COUNT = (
    insert(edge_count)
    .from_select([column.name for column in _COUNTED.c], select(*_COUNTED.c))
    .returning((edge_count.c.edge_id - _OLDEST).label("span"))
)


def count_edges(ctx: Ctx, edges: Mapping[Edge, int]) -> None:
    """Add how many people took edges; '' stands for outside the journey. Folds the counts once there are many."""
    # Numbers are given in order: while they span few there are no more rows than that.
    if edges and _add(ctx, edges) >= FOLD_AT:
        fold_edges(ctx)


def _add(ctx: Ctx, edges: Mapping[Edge, int]) -> int:
    """How far the numbers of the rows are from the oldest."""
    keys = sorted(edges)
    journeys, versions, sources, names, targets = zip(*keys, strict=True)
    values = given(
        _COUNTED,
        journey_id=journeys,
        version=versions,
        source=sources,
        edge=names,
        target=targets,
        n=[edges[key] for key in keys],
    )
    return max(span or 0 for span in ctx.tx.execute(_COUNT, values).scalars())


def edge_rows(ctx: Ctx, journey_id: int, number: int) -> Sequence[Row[*tuple[Any, ...]]]:
    c = edge_count.c
    return ctx.tx.execute(
        select(c.source, c.edge, c.target, func.sum(c.n).label("n"))
        .where(c.journey_id == journey_id, c.version == number)
        .group_by(c.source, c.edge, c.target)
    ).all()


def fold_edges(ctx: Ctx) -> None:
    """Replace many deltas by their sums once there are more than ``FOLD_AT``; rows that another worker holds stay."""
    c = edge_count.c
    kind = tuple_(c.journey_id, c.version, c.source, c.edge, c.target)
    rows, kinds = ctx.tx.execute(select(func.count(), func.count(kind.distinct()))).one()
    if rows - kinds <= FOLD_AT:
        return
    chosen = select(c.edge_id).order_by(c.edge_id).limit(10_000).with_for_update(skip_locked=True)
    taken = ctx.tx.execute(
        delete(edge_count)
        .where(c.edge_id.in_(chosen.scalar_subquery()))
        .returning(c.journey_id, c.version, c.source, c.edge, c.target, c.n)
    )
    sums: Counter[Edge] = Counter()
    for journey_id, number, source, edge, target, n in taken:
        sums[journey_id, number, source, edge, target] += n
    if sums:
        _add(ctx, sums)


def filling(ctx: Ctx, *, lock: bool = False) -> Sequence[Row[*tuple[Any, ...]]]:
    """The running journeys that still take in existing members; with ``lock``, those that no other worker serves."""
    chosen = select(journey).where(journey.c.state == "running", journey.c.fill_cursor.is_not(None))
    chosen = chosen.order_by(journey.c.journey_id)
    return ctx.tx.execute(chosen.with_for_update(skip_locked=True) if lock else chosen).all()


busy = (
    select(journey.c.journey_id)
    .where((journey.c.state == "stopping") | (journey.c.state == "running") & journey.c.fill_cursor.is_not(None))
    .exists()
)
"""Whether members are being taken in or a journey is being stopped."""


def program_rows(ctx: Ctx, journey_id: int, number: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """``program`` (as text) of one version, no row when there is none."""
    chosen = select(cast(version.c.program, Text).label("program"))
    return ctx.tx.execute(chosen.where(version.c.journey_id == journey_id, version.c.version == number)).all()


_LIVE_PROGRAMS = select(journey.c.journey_id, cast(version.c.program, Text).label("program")).join(
    version, (version.c.journey_id == journey.c.journey_id) & (version.c.version == journey.c.version)
)
_LIVE_PROGRAM = _LIVE_PROGRAMS.where(journey.c.journey_id == bindparam("journey", type_=Integer))


def live_programs(ctx: Ctx, journey_id: int | None = None) -> dict[int, str]:
    """The program (as text) of the live version by journey, of one journey or of all."""
    chosen = _LIVE_PROGRAMS if journey_id is None else _LIVE_PROGRAM
    return {row.journey_id: row.program for row in ctx.tx.execute(chosen, {"journey": journey_id})}


def lived_programs(ctx: Ctx) -> Sequence[Row[*tuple[Any, ...]]]:
    """``journey_id, name, segment_id, program`` (as text) of every version of the journeys that are not stopped, which
    is live or in which somebody still is; ``segment_id`` is that of the entry."""
    live = version.c.version == journey.c.version
    inside = (
        select(enrolment.c.enrolment_id)
        .where(
            enrolment.c.journey_id == version.c.journey_id,
            enrolment.c.version == version.c.version,
            enrolment.c.state == "active",
        )
        .exists()
    )
    return ctx.tx.execute(
        select(
            journey.c.journey_id, journey.c.name, journey.c.segment_id, cast(version.c.program, Text).label("program")
        )
        .join(version, version.c.journey_id == journey.c.journey_id)
        .where(journey.c.state.not_in(["stopping", "stopped"]), live | inside)
        .order_by(journey.c.journey_id, version.c.version.desc())
    ).all()
