"""Leaf ``attribute``: a field of the customer compared with a value, a relative time or a calendar term."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, Date, DateTime, Interval, Select, and_, func, literal, or_
from sqlalchemy.types import Numeric

from siyu.customers import queries as customers
from siyu.customers.types import AttributeType, BadIdentity, Definition
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadTime
from siyu.kernel.text import CleanText, moment
from siyu.segments.frame import Frame
from siyu.segments.kinds.profile import OWN_COLUMNS, by_name, definition, expression, load_row, value_of
from siyu.segments.leaves import Kind
from siyu.segments.sqlterms import RUNNING
from siyu.segments.terms import LOWER, TICK, UPPER, Duration, Period, Scalar, fold, local_day, period, span
from siyu.segments.types import At, BadCondition, Depends, Facts, Params, Seen

Op = Literal["eq", "ne", "lt", "le", "gt", "ge", "between", "in", "contains", "starts", "exists", "period"]
_ORDERED = {"eq", "ne", "lt", "le", "gt", "ge", "between", "in", "exists"}
_WORDS = {"eq", "ne", "in", "contains", "starts", "exists"}
OPERATORS: dict[str, set[str]] = {
    "text": _WORDS,
    "enum": {"eq", "ne", "in", "exists"},
    "bool": {"eq", "ne", "exists"},
    "int": _ORDERED,
    "number": _ORDERED,
    "money": _ORDERED,
    "date": _ORDERED | {"period"},
    "time": {"lt", "le", "gt", "ge", "between", "exists", "period"},
}
"""Which operators an attribute's type knows."""


class Relative(Params):
    """A time relative to now; for dates in whole days of the company's calendar."""

    ago: Duration | None = None
    ahead: Duration | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.ago is None) == (self.ahead is None):
            raise PydanticCustomError("bad_relative", "give one of ago, ahead")
        return self

    @property
    def shift(self) -> timedelta:
        return -span(self.ago) if self.ago is not None else span(str(self.ahead))


Operand = Scalar | Relative


class AttributeParams(Params):
    """``value``: one operand; a list for ``in`` and ``between`` (both ends belong to it, except times: [from, to))."""

    name: CleanText = Field(examples=["region"])
    op: Op
    value: Operand | tuple[Operand, ...] | None = None
    type: AttributeType | None = Field(default=None, description="filled in by Siyu")
    builtin: bool = Field(default=False, description="filled in by Siyu")

    @property
    def definition(self) -> Definition:
        """The attribute as it was when the condition was resolved; its type never changes."""
        return Definition(self.name, "", self.type or "text", builtin=self.builtin)

    @property
    def operands(self) -> tuple[Any, ...]:
        return self.value if isinstance(self.value, tuple) else () if self.value is None else (self.value,)

    def relative(self) -> bool:
        """Whether time moves what it compares with."""
        return self.op == "period" or any(isinstance(value, Relative) for value in self.operands)


class AttributeKind(Kind[AttributeParams]):
    """A field of the customer; a missing value makes every operator false."""

    name: ClassVar[str] = "attribute"
    title: ClassVar[tuple[str, str]] = ("Attribute", "属性")
    word: ClassVar[tuple[str, str]] = ("{name} is {seen.value}", "{name} 为 {seen.value}")
    params = AttributeParams

    def resolve(self, ctx: Ctx, params: AttributeParams, field: str) -> AttributeParams:
        def path(part: str) -> str:
            return f"{field}.{part}" if field else part

        known = definition(ctx, params.name, path("name"))
        if params.op not in OPERATORS[known.type]:
            allowed = ", ".join(sorted(OPERATORS[known.type]))
            raise BadCondition(f"{params.name} is {known.type}: it knows {allowed}", field=path("op"))
        several = params.op in ("in", "between")
        if several != isinstance(params.value, tuple) or (params.value is None) != (params.op == "exists"):
            wanted = {"exists": "no value", "in": "a list", "between": "a list of two"}.get(params.op, "one value")
            raise BadCondition(f"{params.op} takes {wanted}", field=path("value"))
        if (params.op == "between" and len(params.operands) != 2) or (several and not 1 <= len(params.operands) <= 500):
            raise BadCondition("between takes two values, in 1 to 500", field=path("value"))
        for index, operand in enumerate(params.operands):
            place = path(f"value.{index}" if several else "value")
            _check(known.type, known.options, params.op, operand, place)
        filled = params.model_copy(update={"type": known.type, "builtin": known.builtin})
        return _as_stored(filled, path("value")) if known.builtin and known.name in _FORMS else filled

    def sql(self, frame: Frame, params: AttributeParams) -> ColumnElement[bool]:
        column = expression(params.definition)
        return and_(column.is_not(None), _clause(column, params, frame.at))

    def load(self, ctx: Ctx, leaves: Sequence[AttributeParams], who: Select[Any]) -> Mapping[int, object]:
        return load_row(ctx, by_name(leaves), who)

    def read(self, params: AttributeParams, facts: Facts, at: At) -> Seen:
        value = value_of(facts, self.name, params.name)
        shown = value.isoformat() if isinstance(value, date) else float(value) if isinstance(value, Decimal) else value
        return Seen(value is not None and _holds(value, params, at), {"value": shown})

    def depends(self, params: AttributeParams) -> Depends:
        if params.name in OWN_COLUMNS:
            return Depends(everything=params.name == "last_activity_at")
        return Depends(attributes=frozenset({params.name}))

    def named(self, ctx: Ctx, params: AttributeParams) -> AttributeParams:
        return params.model_copy(update={"type": None, "builtin": False})

    def changed(self, frame: Frame, params: AttributeParams, before: datetime) -> Select[Any] | None:
        if not params.relative():
            return None
        column, old = expression(params.definition), At(before, frame.at.zone)
        now, then = _clause(column, params, frame.at), _clause(column, params, old)
        return frame.select(where=and_(column.is_not(None), _moved(column, params, old, frame.at), now != then))

    def due(self, frame: Frame, params: AttributeParams) -> Sequence[Select[Any] | datetime]:
        if not params.relative():
            return ()
        if params.op == "period":
            term: Any = params.value
            return [period(RUNNING.get(term, term), frame.at)[1]]
        if params.type == "date":
            return [period("today", frame.at)[1]]
        column = expression(params.definition)
        # value <= now + shift turns at now = value - shift; value < now + shift one tick later.
        at_once = params.op in ("le", "gt")
        times: list[Select[Any] | datetime] = []
        for operand in params.operands:
            if isinstance(operand, Relative):
                line = frame.now + operand.shift
                turning = func.min(column) - literal(operand.shift - (timedelta(0) if at_once else TICK), Interval)
                times.append(frame.select(turning, where=column > line if at_once else column >= line))
        return times


def _check(kind: str, options: Sequence[str], op: Op, operand: object, field: str) -> None:
    """Raise BadCondition or BadTime when an operand does not suit the attribute's type."""
    if op == "period":
        if operand not in Period.__args__:  # type: ignore[attr-defined]  # Literal keeps its values there
            raise BadCondition(f"a period is one of {', '.join(Period.__args__)}", field=field)  # type: ignore[attr-defined]  # as above
        return
    if isinstance(operand, Relative):
        if kind not in ("date", "time"):
            raise BadCondition(f"a {kind} has no relative value", field=field)
        if kind == "date" and operand.shift % timedelta(days=1):
            raise BadCondition("a date moves by whole days", field=field)
        return
    suits = {
        "text": isinstance(operand, str),
        "enum": isinstance(operand, str) and (operand in options or op == "exists"),
        "bool": isinstance(operand, bool),
        "int": isinstance(operand, int) and not isinstance(operand, bool),
        "money": isinstance(operand, int) and not isinstance(operand, bool),
        "number": isinstance(operand, int | float) and not isinstance(operand, bool),
        "date": isinstance(operand, str),
        "time": isinstance(operand, str),
    }
    if not suits[kind]:
        expected = f"one of {', '.join(options)}" if kind == "enum" else f"a value of type {kind}"
        raise BadCondition(f"this needs {expected}", field=field)
    if kind == "date":
        try:
            date.fromisoformat(str(operand))
        except ValueError:
            raise BadTime(f"{field} is no date such as 2026-03-02", field=field) from None
    if kind == "time":
        moment(operand, field)


_FORMS: Mapping[str, Callable[[str, str], str]] = {"phone": customers.normal_phone, "email": customers.normal_email}
"""Attributes that are stored in a normal form; who writes a condition writes them as people do."""
_BEGINNING = re.compile(r"1\d{0,10}")


def _as_stored(params: AttributeParams, field: str) -> AttributeParams:
    """With operands in the form of what they are compared with; raises BadCondition for what can be no such value."""
    form = _FORMS[params.name]
    if params.op == "starts" and params.name == "phone" and _BEGINNING.fullmatch(str(params.value)):
        return params.model_copy(update={"value": f"+86{params.value}"})
    if params.op not in ("eq", "ne", "in"):
        return params
    several = isinstance(params.value, tuple)
    found: list[str] = []
    for index, operand in enumerate(params.operands):
        try:
            found.append(form(operand, field))
        except BadIdentity as fault:
            raise BadCondition(fault.message, field=f"{field}.{index}" if several else field) from None
    return params.model_copy(update={"value": tuple(found) if several else found[0]})


def _operand(kind: str, operand: Any, at: At) -> Any:
    """The operand as a Python value of the attribute's type, at a time."""
    if isinstance(operand, Relative):
        return local_day(at) + operand.shift if kind == "date" else at.now + operand.shift
    match kind:
        case "date":
            return date.fromisoformat(operand)
        case "time":
            return moment(operand)
        case "int" | "number" | "money":
            return Decimal(str(operand))
        case _:
            return operand


def _term(params: AttributeParams, at: At) -> tuple[Any, Any]:
    name: Any = params.value
    start, end = period(name, at)
    if params.type == "time":
        return start, end
    return start.astimezone(at.zone).date(), end.astimezone(at.zone).date()


def _bound(kind: str, value: Any) -> ColumnElement[Any]:
    match kind:
        case "date":
            return literal(value, Date)
        case "time":
            return literal(value, DateTime(timezone=True))
        case "int" | "number" | "money":
            return literal(value, Numeric)
        case _:
            return literal(value)


def _clause(column: ColumnElement[Any], params: AttributeParams, at: At) -> ColumnElement[bool]:
    """The comparison in SQL; NULL only where the column is."""
    kind = str(params.type)
    if params.op == "exists":
        return column.is_not(None)
    if params.op == "period":
        start, end = (_bound(kind, value) for value in _term(params, at))
        return and_(column >= start, column < end)
    values = [_bound(kind, _operand(kind, operand, at)) for operand in params.operands]
    match params.op:
        case "eq":
            return column == values[0]
        case "ne":
            return column != values[0]
        case "lt":
            return column < values[0]
        case "le":
            return column <= values[0]
        case "gt":
            return column > values[0]
        case "ge":
            return column >= values[0]
        case "in":
            return column.in_(values)
        case "between":
            return and_(column >= values[0], column < values[1] if kind == "time" else column <= values[1])
        case "contains":
            return func.strpos(func.translate(column, UPPER, LOWER), fold(params.operands[0])) > 0
        case "starts":
            return func.starts_with(func.translate(column, UPPER, LOWER), fold(params.operands[0]))


def _moved(column: ColumnElement[Any], params: AttributeParams, old: At, new: At) -> ColumnElement[bool]:
    """Where the values lie that time alone can judge anew: ranges, so that an index finds them."""
    kind = str(params.type)
    if params.op == "period":
        (old_from, old_to), (new_from, new_to) = _term(params, old), _term(params, new)
        first, after = _bound(kind, min(old_from, new_from)), _bound(kind, max(old_to, new_to))
        return and_(column >= first, column < after)
    passed = [
        and_(column >= _bound(kind, _operand(kind, value, old)), column <= _bound(kind, _operand(kind, value, new)))
        for value in params.operands
        if isinstance(value, Relative)
    ]
    return or_(*passed)


def _holds(value: Any, params: AttributeParams, at: At) -> bool:
    """The comparison in memory, for a value that is there."""
    kind = str(params.type)
    if params.op == "exists":
        return True
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = Decimal(str(value))
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    if params.op == "period":
        start, end = _term(params, at)
        return bool(start <= value < end)
    values = [_operand(kind, operand, at) for operand in params.operands]
    match params.op:
        case "eq":
            return bool(value == values[0])
        case "ne":
            return bool(value != values[0])
        case "lt":
            return bool(value < values[0])
        case "le":
            return bool(value <= values[0])
        case "gt":
            return bool(value > values[0])
        case "ge":
            return bool(value >= values[0])
        case "in":
            return value in values
        case "between":
            return bool(values[0] <= value and (value < values[1] if kind == "time" else value <= values[1]))
        case "contains":
            return fold(values[0]) in fold(value)
        case "starts":
            return fold(value).startswith(fold(values[0]))
