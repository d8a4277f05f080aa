"""Leaf ``event``: how often something happened."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, FromClause, Select, and_, case, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import Numeric

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.segments.chats import hidden
from siyu.segments.frame import Frame
from siyu.segments.leaves import Kind
from siyu.segments.sqlterms import bounded, crossed, in_range, leaving, windowed
from siyu.segments.terms import LOWER, UPPER, Range, Test, Window, fold
from siyu.segments.types import At, Depends, Doubt, Facts, Params, Ref, Seen

CHATS = frozenset({"message_received", "staff_message", "group_message"})
"""The types of event that the conversation archive tells, some of them besides others."""
_APART = 10
"""Of more types the statement that asks for the earliest would hold too many operands."""


class Matcher(Params):
    """Which events are meant: any of the types, every test of ``where``, any of the contents."""

    type: str | tuple[str, ...] = Field(examples=["message_received", ["link_clicked", "page_read"]])
    where: dict[CleanText, Test] = Field(default={}, max_length=10, examples=[{"text": {"contains": "电子书"}}])
    content: Ref | Annotated[tuple[Ref, ...], Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="content_id, one or several"
    )

    @field_validator("type")
    @classmethod
    def _types(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        names = (value,) if isinstance(value, str) else value
        if (
            not names
            or len(names) > 50
            or not all(name.isidentifier() and name.isascii() and len(name) <= 64 for name in names)
        ):
            raise PydanticCustomError("bad_event_type", "an event type is a word such as form_submitted")
        return value

    @property
    def types(self) -> tuple[str, ...]:
        return (self.type,) if isinstance(self.type, str) else self.type

    @property
    def contents(self) -> tuple[int, ...]:
        return () if self.content is None else (self.content,) if isinstance(self.content, int) else self.content

    def chats(self, ctx: Ctx) -> bool:
        """Whether a chat between staff and customers that nobody sees might be such an event."""
        if self.contents or not CHATS.intersection(self.types):
            return False
        accounts, tests = hidden(ctx), self.where
        known: dict[str, list[object]] = {"via": ["archive"], "account": [*accounts], "open_kfid": [], "choice": []}
        return bool(accounts) and all(
            any(tests[name].holds(value) for value in values) for name, values in known.items() if name in tests
        )

    def apart(self, frame: Frame) -> list["Matcher"]:
        """The same, one per type: in a population an index tells the earliest of one type, of several all are read."""
        if frame.restricted or not 1 < len(self.types) <= _APART:
            return [self]
        return [Matcher.model_construct(type=name, where=self.where, content=self.content) for name in self.types]

    def fits(self, event: Any) -> bool:
        """Whether an event of the timeline is meant."""
        if event.type not in self.types or (self.contents and event.content_id not in self.contents):
            return False
        return all(test.holds(event.props.get(name)) for name, test in self.where.items())

    def clause(self, events: FromClause) -> ColumnElement[bool]:
        """The same over a relation of events."""
        clauses: list[ColumnElement[bool]] = [events.c.type.in_(self.types)]
        if self.contents:
            clauses.append(events.c.content_id.in_(self.contents))
        for name, test in self.where.items():
            clauses.extend(_tests(events.c.props, name, test))
        return and_(*clauses)


def _tests(props: ColumnElement[Any], name: str, test: Test) -> list[ColumnElement[bool]]:
    value, kind = props[name], func.jsonb_typeof(props[name])
    text = func.translate(props[name].astext, UPPER, LOWER)
    found: list[ColumnElement[bool]] = [kind != "null"]
    if test.eq is not None:
        found.append(value == literal(test.eq, JSONB))
    if test.ne is not None:
        found.append(value != literal(test.ne, JSONB))
    if test.among is not None:
        found.append(or_(*(value == literal(option, JSONB) for option in test.among)))
    if test.contains is not None:
        found += [kind == "string", func.strpos(text, fold(test.contains)) > 0]
    if test.starts is not None:
        found += [kind == "string", func.starts_with(text, fold(test.starts))]
    number = case((kind == "number", cast(props[name].astext, Numeric)))
    found.extend(bounded(number, operator, bound) for operator, bound in test.numbers())
    return found


class EventParams(Matcher, Window):
    """``count`` defaults to at least once; did not = count {"eq": 0}."""

    count: Range = Field(default=Range(ge=1), examples=[{"ge": 3}])

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: object) -> object:
        if isinstance(data, Mapping) and isinstance(data.get("count"), int) and not isinstance(data["count"], bool):
            return {**data, "count": {"eq": data["count"]}}
        return data


class EventKind(Kind[EventParams]):
    """How often something happened, within a window."""

    name: ClassVar[str] = "event"
    title: ClassVar[tuple[str, str]] = ("Event", "行为")
    word: ClassVar[tuple[str, str]] = (
        "{type} happened {seen.count} times, last at {seen.last}",
        "{type} 发生 {seen.count} 次，最近 {seen.last}",
    )
    params = EventParams

    def sql(self, frame: Frame, params: EventParams) -> ColumnElement[bool]:
        none_fits = params.count.holds(0)
        side = frame.left(
            f"event {params.model_dump_json()}", lambda: self._counted(frame, params, all_counts=none_fits)
        )
        if none_fits:
            return in_range(func.coalesce(side.c.n, 0), params.count)
        return side.c.customer_id.is_not(None)

    def _counted(self, frame: Frame, params: EventParams, *, all_counts: bool) -> Select[Any, Any]:
        events = customers.events
        statement: Any = select(events.c.customer_id, func.count().label("n")).group_by(events.c.customer_id)
        statement = statement.where(params.clause(events), *windowed(events.c.occurred_at, params, frame.at))
        if params.since is not None:
            statement = frame.entered(statement, events.c.customer_id, events.c.occurred_at)
        else:
            statement = frame.only(statement, events.c.customer_id)
        counted: Select[Any, Any] = statement
        return counted if all_counts else counted.having(in_range(func.count(), params.count))

    def load(self, ctx: Ctx, leaves: Sequence[Matcher], who: Select[Any]) -> Mapping[int, object]:
        return load_events(ctx, {name for leaf in leaves for name in leaf.types}, who)

    def read(self, params: EventParams, facts: Facts, at: At) -> Seen:
        fitting = [
            e for e in events_of(facts, self.name) if params.fits(e) and params.holds(e.occurred_at, at, facts.since)
        ]
        last = max((event.occurred_at for event in fitting), default=None)
        seen = {"count": len(fitting), "last": last.isoformat() if last else None}
        return Seen(params.count.holds(len(fitting)), seen)

    def depends(self, params: EventParams) -> Depends:
        return Depends(events=frozenset(params.types))

    def entered(self, params: EventParams) -> bool:
        return params.since is not None

    def doubt(self, ctx: Ctx, params: EventParams, seen: Mapping[str, object] | None) -> Doubt:
        if not params.chats(ctx):
            return Doubt()
        rises, falls = params.count.turns(None if seen is None else int(str(seen["count"])))
        return Doubt(gains=rises, loses=falls)

    def changed(self, frame: Frame, params: EventParams, before: datetime) -> Select[Any] | None:
        events = customers.events
        moved = crossed(events.c.occurred_at, params, frame.at, before)
        if moved is None:
            return None
        return select(events.c.customer_id).where(params.clause(events), moved).distinct()

    def due(self, frame: Frame, params: EventParams) -> Sequence[Select[Any] | datetime]:
        events = customers.events
        return [
            time
            for one in params.apart(frame)
            for time in leaving(frame, events.c.customer_id, events.c.occurred_at, one.clause(events), params)
        ]


@dataclass(frozen=True, slots=True)
class FactEvent:
    """An event as conditions read it in memory."""

    event_id: int
    type: str
    occurred_at: datetime
    content_id: int | None
    props: Mapping[str, object]


def load_events(ctx: Ctx, types: Collection[str], who: Select[Any]) -> Mapping[int, object]:
    """All events of these types, per customer of ``who``, oldest first."""
    events = customers.events
    asked = who.subquery("who")
    statement = (
        select(
            events.c.customer_id,
            events.c.event_id,
            events.c.type,
            events.c.occurred_at,
            events.c.content_id,
            events.c.props,
        )
        .where(events.c.type.in_(sorted(types)), events.c.customer_id.in_(select(asked.c.customer_id)))
        .order_by(events.c.customer_id, events.c.occurred_at, events.c.event_id)
    )
    found: dict[int, list[FactEvent]] = {}
    for row in ctx.tx.execute(statement):
        found.setdefault(row.customer_id, []).append(FactEvent(*row[1:]))
    return found


def events_of(facts: Facts, kind: str) -> Sequence[FactEvent]:
    """The loaded events of one customer."""
    found: Any = facts.data.get(kind, ())
    return list(found)
