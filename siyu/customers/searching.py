"""Private: lists of customers: search by Chinese, pinyin, initials and phone digits, filters, keyset paging."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select

from siyu.customers import normal, positions
from siyu.customers.store import listing, reading
from siyu.customers.types import BadIdentity, Identity, Listed
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor
from siyu.kernel.text import clean


class Sort(StrEnum):
    """Orders of the list: by pinyin, the newest, the latest active."""

    NAME = "name"
    CREATED = "created"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True)
class Filter:
    """What listed customers have in common."""

    region: str | None = None
    company: str | None = None
    owner_id: int | None = None
    source_kind: str | None = None
    source_code: str | None = None
    account_id: int | None = None
    opted_out: bool | None = None


def search(
    ctx: Ctx,
    query: str = "",
    filter: Filter | None = None,
    after: str | None = None,
    *,
    sort: Sort = Sort.NAME,
    limit: int = 50,
    who: Select[Any] | None = None,
) -> Page[Listed]:
    """Active customers that match, one page in keyset order. Raises BadCursor, BadText.

    ``query``: Chinese characters of name or company (one suffices), pinyin, initials, the last four digits of a phone,
    or a whole phone, email or other identity value. ``who``: a Select of customer_id to which the list is narrowed.
    """
    text = clean(query, "query").strip()
    where = listing.conditions(filter or Filter())
    if text:
        where.append(_meant(ctx, text))
    if who is not None:
        where.append(listing.within(who))
    position = positions.by_text(after) if sort is Sort.NAME else positions.by_time(after)
    rows = listing.page(ctx, where, sort.value, position, limit + 1)
    items = [
        Listed(
            row.customer_id,
            row.name,
            row.phone,
            row.company,
            row.region,
            row.owner_id,
            row.created_at,
            row.last_activity_at,
        )
        for row in rows[:limit]
    ]
    if len(rows) <= limit:
        return Page(items, None)
    last = rows[limit - 1]
    place: Any = {"name": last.name_key, "created": last.created_at, "activity": last.last_activity_at}[sort.value]
    return Page(
        items, cursor(place if isinstance(place, str) or place is None else place.isoformat(), last.customer_id)
    )


def matching(ctx: Ctx, query: str) -> Select[Any]:
    """Relation: the active customers (one column ``customer_id``) whom ``search`` finds by this text. Raises BadText.

    An empty text means everybody.
    """
    text = clean(query, "query").strip()
    return listing.everybody(*([_meant(ctx, text)] if text else []))


def _meant(ctx: Ctx, text: str) -> ColumnElement[bool]:
    """A whole phone, email or other identity value means its holders; anything else is looked for in the grams."""
    exact: set[int] = set()
    for kind in ("phone", "email"):  # set-loop: two kinds that the text may be
        try:
            exact |= reading.holders(ctx, normal.identity(Identity(kind, text), "query"))
        except BadIdentity:
            continue
    if not exact and len(text) >= 6 and text.isascii():
        exact = reading.holders_of_value(ctx, text)
    return listing.among(exact) if exact else listing.matches(normal.wanted_grams(text))
