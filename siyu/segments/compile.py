"""Private: conditions as SQL, over a set or over the population: the same expression, restricted or not."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, true, union

from siyu.kernel.ctx import Ctx
from siyu.segments.frame import Frame, Who
from siyu.segments.parse import kind_of, leaves
from siyu.segments.types import All, AnyOf, Condition, Leaf, Not


def predicate(frame: Frame, condition: Condition) -> ColumnElement[bool]:
    """The condition as an SQL expression over the frame; TRUE or FALSE, never NULL."""
    match condition:
        case All(of):
            return and_(true(), *(predicate(frame, part) for part in of))
        case AnyOf(of):
            return or_(false(), *(predicate(frame, part) for part in of))
        case Not(of):
            return not_(predicate(frame, of))
        case Leaf(_, params):
            return kind_of(condition).sql(frame, params)


def members(ctx: Ctx, condition: Condition, who: Who | None = None) -> Select[Any]:
    """The customers (one column ``customer_id``) for whom the condition holds, of ``who`` or of the population."""
    frame = Frame(ctx, who)
    inside = predicate(frame, condition)
    return frame.select(where=inside)


def changed(ctx: Ctx, condition: Condition, before: datetime) -> Select[Any] | None:
    """Customers for whom time alone may have changed the condition since ``before``; None when time changes nothing."""
    found = [
        selected
        for leaf in leaves(condition)
        if (selected := kind_of(leaf).changed(Frame(ctx), leaf.params, before)) is not None
    ]
    if len(found) < 2:
        return found[0] if found else None
    together = union(*found).subquery("changed")
    return together.select()


def due(ctx: Ctx, condition: Condition, who: Who | None = None) -> list[Select[Any] | datetime]:
    """When time alone may next change the condition for somebody of ``who``: times, and Selects of one time each."""
    return [time for leaf in leaves(condition) for time in kind_of(leaf).due(Frame(ctx, who), leaf.params)]


def timed(ctx: Ctx, condition: Condition) -> bool:
    """Whether time alone can change the condition."""
    return any(kind_of(leaf).due(Frame(ctx), leaf.params) for leaf in leaves(condition))
