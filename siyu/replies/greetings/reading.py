"""Private: rows of greetings as values, and whom a greeting of a day is for."""

from datetime import date
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, true

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.replies.greetings import occasions, store
from siyu.replies.greetings.types import Birthday, Greeting, Named, NewGreeting, Occasion, Yearly
from siyu.replies.reading import ways_of
from siyu.replies.types import Json, Said
from siyu.segments import queries as segments


def greeting_of(row: Row[Any]) -> Greeting:
    """A greeting from its row."""
    said = Said(row.text, row.content_id)
    new = NewGreeting(row.name, occasion_of(row.occasion), said, row.at, ways_of(row.ways), row.condition, row.active)
    return Greeting(row.greeting_id, new, row.next_day, row.next_at, row.changed_at, row.changed_by)


def occasion_of(stored: Json) -> Occasion:
    """An occasion from what ``stored_of`` made of it."""
    given = cast(dict[str, Any], {name: value for name, value in stored.items() if name != "kind"})
    match stored["kind"]:
        case "birthday":
            return Birthday(**given)
        case "festival":
            return Named(**given)
    return Yearly(**given)


def stored_of(occasion: Occasion) -> Json:
    """An occasion as it is stored."""
    match occasion:
        case Birthday():
            return {
                "kind": "birthday",
                "attribute": occasion.attribute,
                "calendar": occasion.calendar,
                "lunar_if": occasion.lunar_if,
            }
        case Named():
            return {"kind": "festival", "festival": occasion.festival}
        case Yearly():
            return {"kind": "date", "month": occasion.month, "day": occasion.day, "lunar": occasion.lunar}


def concerned(ctx: Ctx, occasion: Occasion, day: date) -> ColumnElement[bool]:
    """Whether a customer's row is one that the occasion on a day is for. Raises UnknownAttribute, LookupError."""
    if not isinstance(occasion, Birthday):
        return true()
    born = customers.attribute(ctx, occasion.attribute).expression
    if occasion.lunar_if is None:
        return born.in_(occasions.births(occasion.calendar, day))
    by_moon = func.coalesce(customers.attribute(ctx, occasion.lunar_if).expression, False)
    return or_(
        and_(by_moon, born.in_(occasions.births(occasion.calendar, day))),
        and_(~by_moon, born.in_(occasions.births("solar", day))),
    )


def audience(ctx: Ctx, new: NewGreeting, people: Select[Any]) -> Select[Any]:
    """Those of the people whom the greeting's condition lets through."""
    return people if new.condition is None else segments.within(ctx, segments.load(new.condition), people)


def everybody(ctx: Ctx, new: NewGreeting, day: date) -> Select[Any]:
    """Everybody whom a greeting of a day is for."""
    most = 2**31 - 1
    people = store.between(customers.customer, concerned(ctx, new.occasion, day), 0, most)
    return audience(ctx, new, people)
