"""Leaf ``sequence``: A and then B, or A and then not B, within a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, Interval, Select, exists, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.segments.frame import Frame
from siyu.segments.kinds.event import Matcher, events_of, load_events
from siyu.segments.leaves import Kind
from siyu.segments.sqlterms import crossed, leaving, windowed
from siyu.segments.terms import Duration, Window, span
from siyu.segments.types import At, Depends, Doubt, Facts, Params, Seen


class First(Matcher, Window):
    """The event that starts the sequence, possibly within a window."""


class SequenceParams(Params):
    """The latest ``first`` decides, once ``within`` has passed since; before that the leaf is false."""

    first: First
    then: Matcher | None = None
    then_not: Matcher | None = None
    within: Duration = Field(examples=["12h"])

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.then is None) == (self.then_not is None):
            raise PydanticCustomError("bad_sequence", "give one of then, then_not")
        return self

    @property
    def second(self) -> Matcher:
        """What is looked for after the first."""
        found = self.then or self.then_not
        assert found is not None
        return found


class SequenceKind(Kind[SequenceParams]):
    """A and then (not) B, judged from the latest A, when its span [A, A + within) is over."""

    name: ClassVar[str] = "sequence"
    title: ClassVar[tuple[str, str]] = ("Sequence of events", "行为序列")
    word: ClassVar[tuple[str, str]] = (
        "first at {seen.first}, then at {seen.then}, decided at {seen.decided_at}",
        "先于 {seen.first}，后于 {seen.then}，{seen.decided_at} 见分晓",
    )
    params = SequenceParams

    def sql(self, frame: Frame, params: SequenceParams) -> ColumnElement[bool]:
        side = frame.left(f"sequence {params.model_dump_json()}", lambda: self._judged(frame, params))
        return side.c.customer_id.is_not(None)

    def _judged(self, frame: Frame, params: SequenceParams) -> Select[Any]:
        events = customers.events
        order = (events.c.customer_id, events.c.occurred_at.desc(), events.c.event_id.desc())
        statement: Any = select(events.c.customer_id, events.c.occurred_at, events.c.event_id)
        statement = statement.where(
            params.first.clause(events), *windowed(events.c.occurred_at, params.first, frame.at)
        )
        if params.first.since is not None:
            statement = frame.entered(statement, events.c.customer_id, events.c.occurred_at)
        else:
            statement = frame.only(statement, events.c.customer_id)
        first = statement.ext(distinct_on(events.c.customer_id)).order_by(*order).subquery("first")
        other = customers.events.alias("following")
        length = span(params.within)
        follows = (
            exists()
            .where(
                other.c.customer_id == first.c.customer_id,
                other.c.occurred_at >= first.c.occurred_at,
                other.c.occurred_at < first.c.occurred_at + literal(length, Interval),
                other.c.event_id != first.c.event_id,
                params.second.clause(other),
            )
            .correlate(first)
        )
        over = first.c.occurred_at <= frame.now - length
        return select(first.c.customer_id).where(over, follows if params.then is not None else ~follows)

    def load(self, ctx: Ctx, leaves: Sequence[SequenceParams], who: Select[Any]) -> Mapping[int, object]:
        types = {name for leaf in leaves for name in (*leaf.first.types, *leaf.second.types)}
        return load_events(ctx, types, who)

    def read(self, params: SequenceParams, facts: Facts, at: At) -> Seen:
        events, length = events_of(facts, self.name), span(params.within)
        firsts = [e for e in events if params.first.fits(e) and params.first.holds(e.occurred_at, at, facts.since)]
        if not firsts:
            return Seen(False, {"first": None})
        first = max(firsts, key=lambda event: (event.occurred_at, event.event_id))
        end = first.occurred_at + length
        seconds = [
            event
            for event in events
            if event.event_id != first.event_id
            and first.occurred_at <= event.occurred_at < end
            and params.second.fits(event)
        ]
        seen = {
            "first": first.occurred_at.isoformat(),
            "then": seconds[0].occurred_at.isoformat() if seconds else None,
            "decided_at": end.isoformat(),
        }
        return Seen(at.now >= end and bool(seconds) == (params.then is not None), seen)

    def depends(self, params: SequenceParams) -> Depends:
        return Depends(events=frozenset((*params.first.types, *params.second.types)))

    def entered(self, params: SequenceParams) -> bool:
        return params.first.since is not None

    def doubt(self, ctx: Ctx, params: SequenceParams, seen: Mapping[str, object] | None) -> Doubt:
        if params.first.chats(ctx):
            return Doubt(gains=True, loses=True)
        # Without a first nothing follows; what followed once in sight has followed.
        certain = seen is not None and (seen["first"] is None or seen["then"] is not None)
        if certain or not params.second.chats(ctx):
            return Doubt()
        return Doubt(gains=params.then is not None, loses=params.then_not is not None)

    def changed(self, frame: Frame, params: SequenceParams, before: datetime) -> Select[Any] | None:
        events = customers.events
        length = span(params.within)
        ripe = (events.c.occurred_at > before - length) & (events.c.occurred_at <= frame.now - length)
        leaving = crossed(events.c.occurred_at, params.first, frame.at, before)
        concerned = ripe if leaving is None else ripe | leaving
        return select(events.c.customer_id).where(params.first.clause(events), concerned).distinct()

    def due(self, frame: Frame, params: SequenceParams) -> Sequence[Select[Any] | datetime]:
        events = customers.events
        length = span(params.within)
        times: list[Select[Any] | datetime] = []
        for one in params.first.apart(frame):
            meant = one.clause(events)
            ripening: Select[Any] = select(func.min(events.c.occurred_at) + literal(length, Interval))
            ripening = ripening.where(meant, events.c.occurred_at > frame.now - length)
            times.append(frame.only(ripening, events.c.customer_id))
            times += leaving(frame, events.c.customer_id, events.c.occurred_at, meant, params.first)
        return times
