"""Private: what the routes of the library answer."""

from datetime import datetime

from pydantic import BaseModel, Field

from siyu.content.types import Kind


class PageTimeBody(BaseModel):
    """One page: how many views reached it, milliseconds in all."""

    page: int
    views: int
    ms: int


class FieldLossBody(BaseModel):
    """One form field: views that ended there without sending, and refused answers by fault."""

    field: str
    label: str
    left_here: int
    faults: dict[str, int]


class LinkCountBody(BaseModel):
    """One link: where it was used and how often it was opened."""

    link_id: int
    purpose: str
    views: int
    readers: int


class StatisticsBody(BaseModel):
    """What became of a content. ``ms``: reading time of all views; views that nobody is known by are counted too."""

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
    pages: list[PageTimeBody]
    fields: list[FieldLossBody]
    links: list[LinkCountBody]


class SubmissionBody(BaseModel):
    """One answer to a form; phones and emails masked without the permission customers.phones."""

    submission_id: int
    customer_id: int | None
    version: int
    submitted_at: datetime
    answers: dict[str, object]
    consents: list[object]


class SubmissionPage(BaseModel):
    """A page of answers."""

    items: list[SubmissionBody]
    next: str | None


class ReaderBody(BaseModel):
    """A known person and a content; phones are masked. ``page`` and ``ms`` (the last page reached, milliseconds read)
    are null for people who did not agree that their reading is recorded."""

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


class ReaderPage(BaseModel):
    """A page of people."""

    items: list[ReaderBody]
    next: str | None


class ContentBody(BaseModel):
    """A content at one version."""

    content_id: int
    key: str
    kind: Kind
    version: int
    latest: int
    published: int | None
    title: str
    digest: str
    body: dict[str, object]
    created_at: datetime
    updated_at: datetime
    archived: bool
    routes: list[str] = Field(description="The routes that can send it")


class SummaryBody(BaseModel):
    """A content in the list."""

    content_id: int
    key: str
    kind: Kind
    title: str
    latest: int
    published: int | None
    updated_at: datetime
    archived: bool
    picture: str | None = Field(description="Where its image, or its book's first page, is shown")


class ContentPage(BaseModel):
    """A page of the library."""

    items: list[SummaryBody]
    next: str | None


class FiguresBody(BaseModel):
    """What became of a content of the list: whoever opened it, known or not, clicks, answers to the form on it, and to
    how many people it was sent in the last 90 days."""

    content_id: int
    readers: int
    views: int
    clicks: int
    answers: int
    sent: int


class FiguresList(BaseModel):
    items: list[FiguresBody]


class VersionBody(BaseModel):
    """A version of a content."""

    version: int
    title: str
    made_at: datetime
    made_by: str


class FileBody(BaseModel):
    """An uploaded file; ``url`` shows an image."""

    file_id: int
    kind: str
    media_type: str
    name: str
    size: int
    pages: int | None
    width: int | None
    height: int | None
    url: str | None


class LinkBodyOut(BaseModel):
    """A link that everybody may get."""

    link_id: int
    url: str


class MessagePreview(BaseModel):
    """A message as one person would get it; content fields show their defaults or the chosen customer's values."""

    kind: str
    personal: bool
    fields: list[str]
    body: dict[str, object]


class RouteWayBody(BaseModel):
    """What one route would send of a content, or why it cannot."""

    route: str
    message: MessagePreview | None
    code: str | None = Field(description="Why not: not_sendable, fields_not_allowed, not_published, unknown_content")
    reason: str | None
    field: str | None = Field(description="The place that stands in the way")


class DraftBody(BaseModel):
    """A content as it would be if it were saved. ``html`` is null for kinds that have no page."""

    key: str = Field(description="The key that was given, or one made from the title that is free")
    taken: bool = Field(description="A content has this key; saving makes its next version")
    html: str | None
    routes: list[RouteWayBody]
