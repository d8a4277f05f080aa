"""Private: the people whom a condition means: how many, and a list with what it shows of each."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, select

from siyu.customers import queries as customers
from siyu.customers.queries import Sort
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.paging import Page
from siyu.segments import compile as compiled
from siyu.segments import store
from siyu.segments.frame import Who
from siyu.segments.sampling import positions
from siyu.segments.types import All, Condition, Estimate, Person, PersonFollow, Total
from siyu.tags import queries as tags
from siyu.team import queries as team

SAMPLE = 10_000
"""People in the fixed hash sample of an estimate."""
EXACT_UP_TO = 50_000
"""Up to this highest customer_id everybody is counted."""
COUNTED_UP_TO = 10_000
"""Up to so many people a list is counted exactly, however many customers there are."""
NINETY_FIVE = 1.959964
EVERYBODY = All(())


def meant(ctx: Ctx, condition: Condition, query: str = "", who: Who | None = None) -> Select[Any]:
    """The customers (of ``who``) for whom the condition holds and whom the text finds. Raises BadText."""
    members = compiled.members(ctx, condition, who)
    if not query.strip():
        return members
    inside = members.subquery("inside")
    return select(inside.c.customer_id).where(inside.c.customer_id.in_(customers.matching(ctx, query)))


def estimate(ctx: Ctx, condition: Condition) -> Estimate:
    """How many customers match: exact for small populations, else from a fixed hash sample with a 95 % interval."""
    highest, population = store.highest(ctx, customers.customer), store.population(ctx, customers.customer)
    if highest <= EXACT_UP_TO:
        exact = store.count(ctx, meant(ctx, condition))
        return Estimate(exact, exact, exact, True, population)
    found = _sampled(ctx, condition, "", highest)
    # By chance the sample may hold more of the ids that are still somebody's than the whole does.
    count = min(found.count, population)
    return Estimate(count, min(found.low, count), min(found.high, population), False, population)


def total(ctx: Ctx, condition: Condition, query: str = "") -> Total:
    """How many people a list has: exact for small populations and for short lists, else estimated. Raises BadText."""
    if condition == EVERYBODY and not query.strip():
        population = store.population(ctx, customers.customer)
        return Total(population, population, population, True)
    highest = store.highest(ctx, customers.customer)
    sampled = _sampled(ctx, condition, query, highest) if highest > EXACT_UP_TO else None
    if sampled is not None and sampled.count > COUNTED_UP_TO:
        return sampled
    most = None if sampled is None else COUNTED_UP_TO + 1
    counted = store.count(ctx, meant(ctx, condition, query).limit(most))
    if sampled is not None and counted == most:
        return sampled
    return Total(counted, counted, counted, True)


def _sampled(ctx: Ctx, condition: Condition, query: str, highest: int) -> Total:
    """From 10,000 ids spread over all that were ever given out, so a gap (a merged or erased customer) is a position
    that does not match, and the interval (Wilson) needs no count of the population."""
    hits = store.count(ctx, meant(ctx, condition, query, ids_of(positions(highest, SAMPLE))))
    share, spread = hits / SAMPLE, NINETY_FIVE**2 / SAMPLE
    middle = (share + spread / 2) / (1 + spread)
    half = NINETY_FIVE * math.sqrt(share * (1 - share) / SAMPLE + spread / (4 * SAMPLE)) / (1 + spread)
    low, high = max(0.0, middle - half) * highest, min(1.0, middle + half) * highest
    count = round(share * highest)
    return Total(count, min(math.floor(low), count), math.ceil(high), False)


def sources(ctx: Ctx, limit: int = 200) -> list[tuple[str, str]]:
    """The ways and codes by which people first came, the most frequent first; of many customers those of a sample."""
    highest = store.highest(ctx, customers.customer)
    who = ids_of(positions(highest, SAMPLE)) if highest > EXACT_UP_TO else None
    return [(row[0], row[1]) for row in store.sources(ctx, customers.customer, who, limit)]


def page(
    ctx: Ctx, condition: Condition, query: str = "", after: str | None = None, *, sort: Sort = Sort.NAME, limit: int
) -> Page[Person]:
    """The people of a list, one page in the order of ``sort``, phones masked. Raises BadCursor, BadText.

    As in ``customers.search``, by latest activity only those are listed who ever did something.
    """
    who = None if condition == EVERYBODY else compiled.members(ctx, condition)
    found = customers.search(ctx, query, None, after, sort=sort, limit=limit, who=who)
    ids = [one.customer_id for one in found.items]
    rows = {row.customer_id: row for row in store.shown(ctx, customers.customer, ids)}
    carried, follows = tags.tags_of(ctx, ids), _follows(ctx, ids)
    items = [
        Person(
            one.customer_id,
            one.name,
            customers.masked_phone(one.phone),
            one.company,
            one.region,
            one.owner_id,
            rows[one.customer_id].source_kind,
            rows[one.customer_id].source_code,
            carried[one.customer_id],
            tuple(follows.get(one.customer_id, ())),
            rows[one.customer_id].opted_out_at is not None,
            one.created_at,
            one.last_activity_at,
        )
        for one in found.items
    ]
    return Page(items, found.next)


def _follows(ctx: Ctx, ids: Sequence[int]) -> Mapping[int, list[PersonFollow]]:
    """The follows of these customers, present ones first, then the latest."""
    names = {member.userid: member.name for member in team.staff(ctx) if member.userid}
    found: dict[int, list[PersonFollow]] = {}
    for row in store.follows(ctx, customers.follows, ids):
        found.setdefault(row.customer_id, []).append(_follow(row, names))
    return found


def _follow(row: Row[Any], names: Mapping[str, str]) -> PersonFollow:
    # A staff member whom the directory does not know goes by the userid.
    name = names.get(row.staff, row.staff) if row.staff else None
    return PersonFollow(row.account_id, row.staff or None, name, row.followed_at, row.lost_at, row.following)
