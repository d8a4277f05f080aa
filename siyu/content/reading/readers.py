"""Reads: which known people opened a content, how far they read, what they did. Views hold no customer (N3), so this is
what their timelines tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, cast, func, select, true, tuple_

from siyu.content import queries as library
from siyu.content.reading.forms import masked
from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor

Did = Literal["opened", "read", "clicked", "started", "submitted", "forwarded"]
TYPES = ("link_clicked", "content_viewed", "page_read", "downloaded", "form_started", "form_submitted", "forwarded")
"""The events of content that name a person."""


@dataclass(frozen=True, slots=True)
class KnownReader:
    """A known person and a content. ``phone`` is masked; ``page``, ``ms``: the last page reached and milliseconds read,
    of people who agreed to be recorded, else None; ``clicks``: on addresses of the page and its download."""

    customer_id: int
    name: str | None
    phone: str | None
    first_at: datetime
    last_at: datetime
    opened: int
    page: int | None
    ms: int | None
    clicks: int
    downloaded: bool
    started: bool
    submitted_at: datetime | None
    forwarded: int


_event = customers.events.alias("acts")
_away = _event.c.props.has_key("url")


def _count(*which: ColumnElement[bool]) -> Any:
    return func.count().filter(*which)


def _of(type_: str) -> ColumnElement[bool]:
    return _event.c.type == type_


_OPENED = _count(_of("link_clicked"), ~_away)
_CLICKS = _count((_of("link_clicked") & _away) | _of("downloaded"))
_STARTED = func.bool_or(_of("form_started") | _of("form_submitted"))
_SUBMITTED = func.max(_event.c.occurred_at).filter(_of("form_submitted"))
_PAGE = func.max(cast(_event.c.props["page"].astext, Integer)).filter(_of("page_read"))
_FORWARDED = _count(_of("forwarded"))
_LAST = func.max(_event.c.occurred_at)
_DID: Mapping[Did, ColumnElement[bool]] = {
    "opened": _OPENED > 0,
    "read": _PAGE.is_not(None),
    "clicked": _CLICKS > 0,
    "started": _STARTED,
    "submitted": _SUBMITTED.is_not(None),
    "forwarded": _FORWARDED > 0,
}
_PEOPLE = (
    select(
        _event.c.customer_id,
        func.min(_event.c.occurred_at).label("first_at"),
        _LAST.label("last_at"),
        _OPENED.label("opened"),
        _PAGE.label("page"),
        func.sum(cast(_event.c.props["ms"].astext, Integer)).filter(_of("page_read")).label("ms"),
        _CLICKS.label("clicks"),
        func.bool_or(_of("downloaded")).label("downloaded"),
        _STARTED.label("started"),
        _SUBMITTED.label("submitted_at"),
        _FORWARDED.label("forwarded"),
    )
    .where(_event.c.type.in_(TYPES), _event.c.content_id == bindparam("content_id"))
    .group_by(_event.c.customer_id)
    .order_by(_LAST.desc(), _event.c.customer_id.desc())
)


def readers(
    ctx: Ctx,
    content_id: int,
    *,
    did: Did | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[KnownReader]:
    """The known people who did something with a content in [since, until), the latest first; ``did`` narrows to who did
    one thing. Who reads without being known is in the counts alone. Raises NoSuchContent, BadCursor."""
    library.content(ctx, content_id)
    found = ctx.tx.execute(_page(did, since, until, after, limit + 1), {"content_id": content_id}).all()
    items = [
        KnownReader(**{**row._mapping, "phone": masked("phone", row.phone) if row.phone else None})
        for row in found[:limit]
    ]
    following = cursor(items[-1].last_at.isoformat(), items[-1].customer_id) if len(found) > limit else None
    return Page(items, following)


def _page(
    did: Did | None, since: datetime | None, until: datetime | None, after: str | None, limit: int
) -> Select[Any]:
    below = library.position(after) if after else None
    people = _PEOPLE.where(
        and_(
            true(),
            *([_event.c.occurred_at >= since] if since else []),
            *([_event.c.occurred_at < until] if until else []),
        )
    )
    if did:
        people = people.having(_DID[did])
    if below:
        people = people.having(tuple_(_LAST, _event.c.customer_id) < tuple_(*below))
    page, person = people.limit(limit).subquery("page"), customers.customer
    return (
        select(*page.c, person.c.name, person.c.phone)
        .join(person, person.c.customer_id == page.c.customer_id)
        .order_by(page.c.last_at.desc(), page.c.customer_id.desc())
    )
