"""Door: greetings, and whom they will greet."""

from datetime import date, timedelta

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.replies.greetings import occasions, reading, store
from siyu.replies.greetings.types import Coming, Greeting

SHOWN = 20
"""People of a day who are named."""


def greetings(ctx: Ctx) -> list[Greeting]:
    """All greetings, oldest first."""
    return [reading.greeting_of(row) for row in store.all_rows(ctx)]


def coming(ctx: Ctx, days: int) -> list[Coming]:
    """Whom the active greetings are for on the next ``days`` days, today first, days without anybody left out."""
    today = ctx.now.astimezone(ctx.zone).date()
    found = []
    dated = [(one, day) for one in greetings(ctx) for day in _days(one, today, days)]
    for one, day in dated:
        # set-loop: two statements per greeting and day of a short list
        who = reading.everybody(ctx, one.new, day)
        people, first = store.counted(ctx, customers.customer, who, SHOWN)
        if people:
            at = occasions.moment(day, one.new.at, ctx.zone)
            names = tuple((row.customer_id, row.name) for row in first)
            found.append(Coming(one.greeting_id, one.new.name, day, at, people, names))
    return sorted(found, key=lambda one: (one.at, one.greeting_id))


def _days(one: Greeting, today: date, days: int) -> list[date]:
    if one.next_day is None:
        return []
    found = []
    day = occasions.next_day(one.new.occasion, max(today, one.next_day))
    while day is not None and day < today + timedelta(days=days):
        found.append(day)
        day = occasions.next_day(one.new.occasion, day + timedelta(days=1))
    return found
