"""Reads: what became of a content, and the submissions of a form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from siyu.content import queries
from siyu.content.bodies import FormBody
from siyu.content.reading import counts, store
from siyu.content.reading.forms import masked
from siyu.content.types import Content
from siyu.kernel.ctx import Ctx
from siyu.kernel.paging import Page, cursor


@dataclass(frozen=True, slots=True)
class PageTime:
    """One page of a content: views that reached it, and milliseconds in all."""

    page: int
    views: int
    ms: int


@dataclass(frozen=True, slots=True)
class FieldLoss:
    """One field of a form: how many left it as the last one they touched, and answers refused by fault."""

    field: str
    label: str
    left_here: int
    faults: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LinkCount:
    """One link of a content: where it was used."""

    link_id: int
    purpose: str
    views: int
    readers: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """``known_views`` are views by known customers, the others are anonymous. ``ms``: reading time in all views.

    ``started``, ``submitted``: views that began and that sent the form on the page; ``submissions``: answers taken.
    """

    views: int
    readers: int
    known_views: int
    wechat_views: int
    forwarded_views: int
    ms: int
    clicks: int
    form_views: int
    started: int
    submitted: int
    submissions: int
    pages: list[PageTime]
    fields: list[FieldLoss]
    links: list[LinkCount]


@dataclass(frozen=True, slots=True)
class Submission:
    """One answer to a form; phones and emails masked unless asked for clear. customer_id None: nobody is known."""

    submission_id: int
    customer_id: int | None
    version: int
    submitted_at: datetime
    answers: Mapping[str, object]
    consents: list[object]


def statistics(ctx: Ctx, content_id: int, since: datetime | None = None, until: datetime | None = None) -> Statistics:
    """The counts of a content over views opened in [since, until); raises NoSuchContent.

    A form's own counts include the views of landing pages that hold it.
    """
    content = queries.content(ctx, content_id)
    totals = counts.totals(ctx, content_id, since, until)
    forms = counts.form_totals(ctx, content_id, since, until) if isinstance(content.body, FormBody) else totals
    fields = _fields(ctx, content, since, until) if isinstance(content.body, FormBody) else []
    return Statistics(
        views=totals.views,
        readers=totals.readers,
        known_views=totals.known,
        wechat_views=totals.wechat,
        forwarded_views=totals.forwards,
        ms=totals.ms,
        clicks=totals.clicks,
        form_views=forms.form_views,
        started=forms.started,
        submitted=forms.submitted,
        submissions=forms.submissions,
        pages=[PageTime(row.page, row.views, row.ms) for row in counts.pages(ctx, content_id, since, until)],
        fields=fields,
        links=[
            LinkCount(row.link_id, row.purpose, row.views, row.readers)
            for row in counts.links(ctx, content_id, since, until)
        ],
    )


def _fields(ctx: Ctx, content: Content, since: datetime | None, until: datetime | None) -> list[FieldLoss]:
    assert isinstance(content.body, FormBody)
    left = {row.last_field: row.views for row in counts.left(ctx, content.content_id, since, until)}
    faults: dict[str, dict[str, int]] = {}
    for row in counts.faults(ctx, content.content_id):
        faults.setdefault(row.field, {})[row.fault] = row.times
    return [
        FieldLoss(field.name, field.label, left.get(field.name, 0), faults.get(field.name, {}))
        for field in content.body.fields
    ]


def submissions(
    ctx: Ctx, content_id: int, *, clear: bool, after: str | None = None, limit: int = 50
) -> Page[Submission]:
    """The answers to a form, newest first; phones and emails masked unless ``clear``.

    Raises NoSuchContent, BadCursor.
    """
    content = queries.content(ctx, content_id)
    below = queries.position(after) if after else None
    rows = store.submissions(ctx, content_id, below, limit + 1)
    types: dict[str, str] = {}
    if isinstance(content.body, FormBody):
        types = {field.name: field.type for field in content.body.fields}
    items = [
        Submission(
            submission_id=row.submission_id,
            customer_id=row.customer_id or None,
            version=row.version,
            submitted_at=row.submitted_at,
            answers={
                name: value if clear else _hidden(types.get(name), name, value) for name, value in row.answers.items()
            },
            consents=row.consents,
        )
        for row in rows[:limit]
    ]
    following = cursor(items[-1].submitted_at.isoformat(), items[-1].submission_id) if len(rows) > limit else None
    return Page(items, following)


def _hidden(kind: str | None, name: str, value: object) -> object:
    """Masked by the field's type; a field that an older version had is masked by its look."""
    text = str(value)
    if kind == "phone" or (kind is None and text.startswith("+") and text[1:].isdigit()):
        return masked("phone", text)
    if kind == "email" or (kind is None and "@" in text):
        return masked("email", text)
    return value
