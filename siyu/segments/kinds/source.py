"""Leaf ``source``: how the customer first or latest arrived."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Select, and_

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.segments.frame import Frame
from siyu.segments.kinds.profile import load_row, value_of
from siyu.segments.leaves import Kind
from siyu.segments.sqlterms import crossed, leaving, windowed
from siyu.segments.terms import Window
from siyu.segments.types import At, Depends, Facts, Seen


class SourceParams(Window):
    """Every given part must hold; without any: has a known source."""

    touch: Literal["first", "latest"] = "first"
    via: tuple[CleanText, ...] | None = Field(default=None, min_length=1, examples=[["oa_scene"]])
    code: tuple[CleanText, ...] | None = Field(default=None, min_length=1, examples=[["expo2026"]])

    @property
    def prefix(self) -> str:
        return "source" if self.touch == "first" else "latest_source"


class SourceKind(Kind[SourceParams]):
    """The first or latest touch: by which way, with which code, when."""

    name: ClassVar[str] = "source"
    title: ClassVar[tuple[str, str]] = ("Source", "来源")
    word: ClassVar[tuple[str, str]] = (
        "came by {seen.via} {seen.code} at {seen.at}",
        "来自 {seen.via} {seen.code}，时间 {seen.at}",
    )
    params = SourceParams

    def sql(self, frame: Frame, params: SourceParams) -> ColumnElement[bool]:
        columns = frame.customer.c
        moment = columns[f"{params.prefix}_at"]
        clauses = [self._meant(frame, params), *windowed(moment, params, frame.at)]
        if params.since is not None:
            entered = frame.entered_at()
            clauses += [entered.is_not(None), moment >= entered]
        return and_(*clauses)

    def _meant(self, frame: Frame, params: SourceParams) -> ColumnElement[bool]:
        columns = frame.customer.c
        kind, code, moment = (columns[f"{params.prefix}_{name}"] for name in ("kind", "code", "at"))
        clauses = [moment.is_not(None), kind.is_not(None), code.is_not(None)]
        if params.via is not None:
            clauses.append(kind.in_(params.via))
        if params.code is not None:
            clauses.append(code.in_(params.code))
        return and_(*clauses)

    def load(self, ctx: Ctx, leaves: Sequence[SourceParams], who: Select[Any]) -> Mapping[int, object]:
        columns = customers.customer.c
        names = [f"{prefix}_{name}" for prefix in ("source", "latest_source") for name in ("kind", "code", "at")]
        return load_row(ctx, {name: columns[name] for name in names}, who)

    def read(self, params: SourceParams, facts: Facts, at: At) -> Seen:
        kind, code, moment = (value_of(facts, self.name, f"{params.prefix}_{name}") for name in ("kind", "code", "at"))
        if kind is None or code is None or moment is None:
            return Seen(False, {"via": kind})
        fits = (params.via is None or kind in params.via) and (params.code is None or code in params.code)
        seen = {"via": kind, "code": code, "at": moment.isoformat()}
        return Seen(fits and params.holds(moment, at, facts.since), seen)

    def depends(self, params: SourceParams) -> Depends:
        return Depends(attributes=frozenset({"source"}))

    def entered(self, params: SourceParams) -> bool:
        return params.since is not None

    def changed(self, frame: Frame, params: SourceParams, before: datetime) -> Select[Any] | None:
        moved = crossed(frame.customer.c[f"{params.prefix}_at"], params, frame.at, before)
        return None if moved is None else frame.select(where=and_(self._meant(frame, params), moved))

    def due(self, frame: Frame, params: SourceParams) -> Sequence[Select[Any] | datetime]:
        moment = frame.customer.c[f"{params.prefix}_at"]
        return leaving(frame, frame.customer_id, moment, self._meant(frame, params), params)
