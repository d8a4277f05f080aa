"""Leaf ``pushes``: who takes pushes, and who asked for no more (退订)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.segments.frame import Frame
from siyu.segments.kinds.profile import load_row, value_of
from siyu.segments.leaves import Kind
from siyu.segments.types import At, Depends, Facts, Params, Seen


class PushesParams(Params):
    """``wanted`` false: who opted out."""

    wanted: bool = True


class PushesKind(Kind[PushesParams]):
    """Has not opted out of pushes (or has)."""

    name: ClassVar[str] = "pushes"
    title: ClassVar[tuple[str, str]] = ("Takes pushes", "接收推送")
    word: ClassVar[tuple[str, str]] = ("opted out at {seen.opted_out_at}", "退订时间 {seen.opted_out_at}")
    params = PushesParams

    def sql(self, frame: Frame, params: PushesParams) -> ColumnElement[bool]:
        at = frame.customer.c.opted_out_at
        return at.is_(None) if params.wanted else at.is_not(None)

    def load(self, ctx: Ctx, leaves: Sequence[PushesParams], who: Select[Any]) -> Mapping[int, object]:
        return load_row(ctx, {"opted_out_at": customers.customer.c.opted_out_at}, who)

    def read(self, params: PushesParams, facts: Facts, at: At) -> Seen:
        moment = value_of(facts, self.name, "opted_out_at")
        seen = {"opted_out_at": None if moment is None else moment.isoformat()}
        return Seen((moment is None) == params.wanted, seen)

    def depends(self, params: PushesParams) -> Depends:
        return Depends(events=frozenset({"opted_out", "opted_in"}))
