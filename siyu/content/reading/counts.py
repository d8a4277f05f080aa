"""Private: the counting statements over views, all set-based over one content's index range."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, distinct, func, select, true

from siyu.content.reading.store import fault, view, view_page
from siyu.content.store import link
from siyu.kernel.ctx import Ctx


def _span(since: datetime | None, until: datetime | None) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = []
    if since is not None:
        parts.append(view.c.opened_at >= since)
    if until is not None:
        parts.append(view.c.opened_at < until)
    return and_(true(), *parts)


def totals(ctx: Ctx, content_id: int, since: datetime | None, until: datetime | None) -> Any:
    """views, readers, known, wechat, forwards, ms, clicks, form_views, started, submitted, submissions of a page."""
    return _totals(ctx, view.c.content_id == content_id, since, until)


def form_totals(ctx: Ctx, content_id: int, since: datetime | None, until: datetime | None) -> Any:
    """The same over every page that showed this form."""
    return _totals(ctx, view.c.form_id == content_id, since, until)


def _totals(ctx: Ctx, which: ColumnElement[bool], since: datetime | None, until: datetime | None) -> Any:
    return ctx.tx.execute(
        select(
            func.count().label("views"),
            func.count(distinct(view.c.reader)).label("readers"),
            func.count().filter(view.c.known).label("known"),
            func.count().filter(view.c.wechat).label("wechat"),
            func.count().filter(view.c.forward).label("forwards"),
            func.coalesce(func.sum(view.c.ms), 0).label("ms"),
            func.coalesce(func.sum(view.c.clicks), 0).label("clicks"),
            func.count(view.c.form_id).label("form_views"),
            func.count().filter(view.c.started).label("started"),
            func.count().filter(view.c.submissions > 0).label("submitted"),
            func.coalesce(func.sum(view.c.submissions), 0).label("submissions"),
        ).where(which, _span(since, until))
    ).one()


def pages(ctx: Ctx, content_id: int, since: datetime | None, until: datetime | None) -> Sequence[Any]:
    """(page, views, ms) by page."""
    return ctx.tx.execute(
        select(view_page.c.page, func.count().label("views"), func.sum(view_page.c.ms).label("ms"))
        .join(view, view.c.view_id == view_page.c.view_id)
        .where(view_page.c.content_id == content_id, _span(since, until))
        .group_by(view_page.c.page)
        .order_by(view_page.c.page)
    ).all()


def left(ctx: Ctx, content_id: int, since: datetime | None, until: datetime | None) -> Sequence[Any]:
    """(last_field, views) of forms that were started and not sent."""
    return ctx.tx.execute(
        select(view.c.last_field, func.count().label("views"))
        .where(view.c.form_id == content_id, view.c.started, view.c.submissions == 0, _span(since, until))
        .group_by(view.c.last_field)
    ).all()


def faults(ctx: Ctx, content_id: int) -> Sequence[Any]:
    """(field, fault, count) of refused answers."""
    return ctx.tx.execute(
        select(fault.c.field, fault.c.fault, fault.c.times).where(fault.c.content_id == content_id)
    ).all()


def links(ctx: Ctx, content_id: int, since: datetime | None, until: datetime | None) -> Sequence[Any]:
    """(link_id, purpose, views, readers), most viewed first."""
    return ctx.tx.execute(
        select(
            link.c.link_id,
            link.c.purpose,
            func.count().label("views"),
            func.count(distinct(view.c.reader)).label("readers"),
        )
        .join(view, view.c.link_id == link.c.link_id)
        .where(view.c.content_id == content_id, _span(since, until))
        .group_by(link.c.link_id, link.c.purpose)
        .order_by(func.count().desc(), link.c.link_id)
        .limit(100)
    ).all()
