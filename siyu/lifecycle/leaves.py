"""Door: the conditions ``score`` and ``lifecycle``."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, DateTime, Double, Interval, Select, and_, cast, func, literal, or_, select

from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.lifecycle import decay, queries
from siyu.segments.leaves import At, Depends, Facts, Frame, Kind, Params, Seen
from siyu.segments.types import BadCondition

Points = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
_TICK = timedelta(microseconds=1)
_standing = queries.standings


class ScoreParams(Params):
    """The score as it is shown, a whole number; every given bound must hold."""

    eq: Points | None = None
    ge: Points | None = Field(default=None, examples=[40])
    gt: Points | None = None
    le: Points | None = None
    lt: Points | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise PydanticCustomError("bad_range", "give at least one of eq, ge, gt, le, lt")
        return self

    def holds(self, score: Any) -> list[Any]:
        """The comparisons of a number, or of an SQL expression."""
        found: list[Any] = []
        if self.eq is not None:
            found.append(score == self.eq)
        if self.ge is not None:
            found.append(score >= self.ge)
        if self.gt is not None:
            found.append(score > self.gt)
        if self.le is not None:
            found.append(score <= self.le)
        if self.lt is not None:
            found.append(score < self.lt)
        return found

    def edges(self) -> Iterator[float]:
        """The values at which a falling score changes some comparison."""
        for bound in (self.ge, self.lt, self.eq):
            if bound:
                yield bound - 0.5
        for bound in (self.gt, self.le, self.eq):
            if bound is not None:
                yield bound + 0.5


class ScoreKind(Kind[ScoreParams]):
    """How many points somebody has now; who never gained any has 0."""

    name: ClassVar[str] = "score"
    title: ClassVar[tuple[str, str]] = ("Score", "积分")
    word: ClassVar[tuple[str, str]] = ("the score is {seen.score}", "积分为 {seen.score}")
    params = ScoreParams

    def sql(self, frame: Frame, params: ScoreParams) -> ColumnElement[bool]:
        side = frame.left("score", lambda: _rows(frame))
        passed = decay.seconds_sql(side.c.as_of, literal(frame.now, DateTime(timezone=True)))
        value = decay.left_sql(side.c.value, side.c.rate, passed)
        score = func.coalesce(decay.shown_sql(value), 0)
        return and_(*params.holds(score))

    def load(self, ctx: Ctx, leaves: Sequence[ScoreParams], who: Select[Any]) -> Mapping[int, object]:
        asked = who.subquery("who")
        statement = select(_standing.c.customer_id, _standing.c.value, _standing.c.rate, _standing.c.as_of)
        statement = statement.where(_standing.c.customer_id.in_(select(asked.c.customer_id)))
        return {row[0]: (row[1], row[2], row[3]) for row in ctx.tx.execute(statement)}

    def read(self, params: ScoreParams, facts: Facts, at: At) -> Seen:
        known: Any = facts.data.get(self.name)
        score = 0
        if known is not None:
            value, rate, as_of = known
            score = decay.shown(decay.left(value, rate, (at.now - as_of).total_seconds()))
        return Seen(all(params.holds(score)), {"score": score})

    def depends(self, params: ScoreParams) -> Depends:
        return Depends(everything=True)

    def changed(self, frame: Frame, params: ScoreParams, before: datetime) -> Select[Any] | None:
        rate = queries.rate(frame.ctx)
        if rate == 0:
            return None
        # Wider by more than a key's own precision: who is looked at in vain costs less than who is missed.
        slack = 1e-9
        crossed = [
            and_(
                _standing.c.key >= decay.key_of(edge, rate, before) - slack,
                _standing.c.key <= decay.key_of(edge, rate, frame.now) + slack,
            )
            for edge in params.edges()
        ]
        return select(_standing.c.customer_id).where(or_(*crossed))

    def due(self, frame: Frame, params: ScoreParams) -> Sequence[Select[Any] | datetime]:
        rate = queries.rate(frame.ctx)
        return [self._next(frame, edge, rate) for edge in params.edges()] if rate else []

    def _next(self, frame: Frame, edge: float, rate: float) -> Select[Any]:
        first = cast((func.min(_standing.c.key) - math.log(edge)) / rate, Double)
        statement = select(func.to_timestamp(first) + literal(_TICK, Interval))
        above = _standing.c.key > decay.key_of(edge, rate, frame.now)
        return frame.only(statement.where(above), _standing.c.customer_id)


def _rows(frame: Frame) -> Select[Any]:
    statement = select(_standing.c.customer_id, _standing.c.value, _standing.c.rate, _standing.c.as_of)
    return frame.only(statement, _standing.c.customer_id)


class LifecycleParams(Params):
    """One level or several, by key."""

    level: CleanText | Annotated[tuple[CleanText, ...], Field(min_length=1, max_length=20)] = Field(
        examples=["mql", ["mql", "sql"]]
    )

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.level,) if isinstance(self.level, str) else self.level


class LifecycleKind(Kind[LifecycleParams]):
    """At which level of the lifecycle somebody is; who never gained anything is at the first."""

    name: ClassVar[str] = "lifecycle"
    title: ClassVar[tuple[str, str]] = ("Lifecycle", "生命周期")
    word: ClassVar[tuple[str, str]] = ("the lifecycle is {seen.level}", "生命周期为 {seen.level}")
    params = LifecycleParams

    def resolve(self, ctx: Ctx, params: LifecycleParams, field: str) -> LifecycleParams:
        path = f"{field}.level" if field else "level"
        known = {one.key for one in queries.ladder(ctx).levels}
        for place, key in enumerate(params.keys):
            if key not in known:
                where = path if isinstance(params.level, str) else f"{path}.{place}"
                raise BadCondition(f"the ladder has no level {key}", field=where)
        return params

    def sql(self, frame: Frame, params: LifecycleParams) -> ColumnElement[bool]:
        side = frame.left("lifecycle", lambda: _levels(frame))
        level = func.coalesce(side.c.level, literal(queries.ladder(frame.ctx).levels[0].key))
        return level.in_(params.keys)

    def load(self, ctx: Ctx, leaves: Sequence[LifecycleParams], who: Select[Any]) -> Mapping[int, object]:
        asked, first = who.subquery("who"), queries.ladder(ctx).levels[0].key
        statement = select(asked.c.customer_id, func.coalesce(_standing.c.level, first)).join_from(
            asked, _standing, _standing.c.customer_id == asked.c.customer_id, isouter=True
        )
        return {row[0]: row[1] for row in ctx.tx.execute(statement)}

    def read(self, params: LifecycleParams, facts: Facts, at: At) -> Seen:
        level = facts.data.get(self.name)
        return Seen(level in params.keys, {"level": level})

    def depends(self, params: LifecycleParams) -> Depends:
        return Depends(events=frozenset({"lifecycle_changed"}))


def _levels(frame: Frame) -> Select[Any]:
    return frame.only(select(_standing.c.customer_id, _standing.c.level), _standing.c.customer_id)


KINDS: tuple[Kind[Any], ...] = (ScoreKind(), LifecycleKind())
"""What ``runtime`` registers."""
