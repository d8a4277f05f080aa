"""Private: the library, uploads, statistics and answers over HTTP; ``floods`` and ``public``
are the pages that customers open."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, File, Path, Query, Request, Response, UploadFile
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from siyu.content import actions, files, previewing, queries
from siyu.content import outgoing as shapes
from siyu.content.bodies import LinkBody, TemplateBody, TextBody
from siyu.content.reading.figures import figures
from siyu.content.reading.http import floods, public
from siyu.content.reading.pages import Maker
from siyu.content.reading.readers import Did, readers
from siyu.content.reading.shelf import Shelf
from siyu.content.reading.statistics import statistics, submissions
from siyu.content.reading.words import language
from siyu.content.told import (
    ContentBody,
    ContentPage,
    DraftBody,
    FiguresBody,
    FiguresList,
    FileBody,
    LinkBodyOut,
    MessagePreview,
    ReaderBody,
    ReaderPage,
    RouteWayBody,
    StatisticsBody,
    SubmissionBody,
    SubmissionPage,
    SummaryBody,
    VersionBody,
)
from siyu.content.types import (
    BadContent,
    BadFile,
    Content,
    ContentChanged,
    ContentUsed,
    FieldsNotAllowed,
    KeyTaken,
    Kind,
    KindFixed,
    LinkContext,
    NoSuchContent,
    NotPublished,
    NotSendable,
    Summary,
    UnknownContent,
    UnknownField,
)
from siyu.customers import queries as customers
from siyu.customers.types import UnknownCustomer
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadText, Forbidden, Invalid, NotFound
from siyu.kernel.http import ApiRoute, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.text import CleanText, Moment

router = APIRouter(prefix="/api/content", tags=["content"], route_class=ApiRoute)
Read = Annotated[Ctx, requires("content.read")]
Write = Annotated[Ctx, requires("content.write")]
Limit = Annotated[int, Query(ge=1, le=200)]
Id = Annotated[int, Path(ge=1, lt=2**31)]
Number = Annotated[int, Query(ge=1, lt=2**31)]

_ARTICLE = {"html": "<p>三步建好私域。</p>", "ctas": [{"label": "领取电子书", "kind": "form", "content": "ebook-form"}]}


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Draft(_Input):
    """A content that is being written."""

    key: CleanText | None = Field(
        default=None, min_length=1, max_length=63, description="None: made from the title", examples=["guide"]
    )
    kind: Kind = Field(examples=["article"])
    title: CleanText = Field(min_length=1, max_length=64, examples=["私域运营入门"])
    digest: CleanText = Field(default="", max_length=120, examples=["一本书讲清楚怎么开始"])
    body: dict[str, object] = Field(description="What the kind holds; see docs/content.md", examples=[_ARTICLE])


class NewContent(Draft):
    """A content, or the next version of the one with this key."""

    key: CleanText = Field(min_length=1, max_length=63, examples=["private-domain-guide"])
    publish: bool = Field(default=False, description="Make this version the one that readers get")
    after: int | None = Field(
        default=None,
        ge=0,
        lt=2**31,
        description="The version that was changed, 0 for a new content: refused when another was saved meanwhile",
    )


class PublishBody(_Input):
    """Which version readers get; without one, the latest."""

    version: int | None = Field(default=None, ge=1, lt=2**31)


def _shown(content: Content) -> ContentBody:
    routes = []
    for route in sorted(shapes.ROUTES):
        try:
            shapes.sendable(content, route)
        except (NotSendable, FieldsNotAllowed):
            continue
        routes.append(route)
    values = {name: getattr(content, name) for name in ContentBody.model_fields if name not in ("body", "routes")}
    return ContentBody(**values, body=content.body.model_dump(mode="json", exclude={"kind"}), routes=routes)


@router.get("", responses=raises(Forbidden, BadCursor))
def list_content(
    ctx: Read,
    kind: Kind | None = None,
    q: Annotated[CleanText | None, Query(max_length=64, description="Part of the title or key")] = None,
    archived: bool = False,
    cursor: str | None = None,
    limit: Limit = 50,
) -> ContentPage:
    """The library, last changed first."""
    page = queries.contents(ctx, kind=kind, words=q, archived=archived, after=cursor, limit=limit)
    return ContentPage(items=[_row(item) for item in page.items], next=page.next)


@router.get("/figures", responses=raises(Forbidden))
def content_figures(ctx: Read, ids: Annotated[list[Number], Query(min_length=1, max_length=200)]) -> FiguresList:
    """What became of these contents, for a page of the library."""
    return FiguresList(items=[FiguresBody(**asdict(one)) for one in figures(ctx, ids)])


def _row(item: Summary) -> SummaryBody:
    picture = item.cover if item.kind is Kind.EBOOK else item.cover or item.file
    shown = f"/m/{picture}" if picture else f"/api/content/files/{item.file}/pages/1" if item.file else None
    return SummaryBody(**asdict(item), picture=shown)


@router.put(
    "",
    responses=raises(
        BadContent,
        Invalid,
        BadText,
        FieldsNotAllowed,
        UnknownField,
        UnknownContent,
        KindFixed,
        KeyTaken,
        ContentChanged,
        Forbidden,
    ),
)
def save_content(body: NewContent, ctx: Write) -> ContentBody:
    """Make a content, or the next version of the one with this key. The same again changes nothing."""
    return _shown(actions.save_content(ctx, **body.model_dump()))


@router.post(
    "/preview",
    responses=raises(
        BadContent,
        Invalid,
        BadText,
        FieldsNotAllowed,
        UnknownField,
        UnknownContent,
        KindFixed,
        UnknownCustomer,
        NotPublished,
        Forbidden,
    ),
)
def preview_draft(
    body: Draft,
    ctx: Write,
    customer_id: Number | None = None,
    lang: Annotated[CleanText | None, Query(max_length=16)] = None,
) -> DraftBody:
    """A content that is being written, as a reader would see it and as every route would send it.

    It is checked as saving checks it, and nothing is written. Content fields show their defaults, or the values of a
    customer.
    """
    content = actions.draft(ctx, **body.model_dump())
    html = previewing.page(ctx, content, language(lang, None))
    ways = previewing.ways(ctx, content, customer_id)
    if customer_id is not None and any(way.fields for way in ways):
        audit.record(ctx, "content.preview", "customer", customer_id, key=content.key)
    return DraftBody(key=content.key, taken=content.content_id > 0, html=html, routes=[_way(way) for way in ways])


def _way(way: previewing.Way) -> RouteWayBody:
    if way.kind is None:
        no = way.refusal
        assert no is not None
        return RouteWayBody(route=way.route, message=None, code=no.code, reason=no.message, field=no.field)
    body = dict(way.body or {})
    message = MessagePreview(kind=way.kind, personal=way.personal, fields=list(way.fields), body=body)
    return RouteWayBody(route=way.route, message=message, code=None, reason=None, field=None)


@router.get("/{content_id}", responses=raises(NoSuchContent, Forbidden))
def read_content(content_id: Id, ctx: Read, version: Number | None = None) -> ContentBody:
    """A content at its latest or at a given version."""
    return _shown(queries.content(ctx, content_id, version=version))


@router.get("/{content_id}/versions", responses=raises(NoSuchContent, Forbidden))
def list_versions(content_id: Id, ctx: Read) -> list[VersionBody]:
    """The versions of a content, newest first."""
    queries.content(ctx, content_id)
    return [
        VersionBody(version=version, title=title, made_at=made_at, made_by=made_by)
        for version, title, made_at, made_by in queries.versions(ctx, content_id)
    ]


@router.post("/{content_id}/publish", responses=raises(NoSuchContent, Forbidden))
def publish_content(content_id: Id, body: PublishBody, ctx: Write) -> ContentBody:
    """Make a version the one that readers get."""
    return _shown(actions.publish(ctx, content_id, body.version))


@router.delete("/{content_id}", status_code=204, responses=raises(NoSuchContent, ContentUsed, Forbidden))
def archive_content(content_id: Id, ctx: Write) -> None:
    """Take a content out of the library, unless something sends it; links that were sent stay readable."""
    actions.archive(ctx, content_id)


@router.post("/{content_id}/restore", status_code=204, responses=raises(NoSuchContent, Forbidden))
def restore_content(content_id: Id, ctx: Write) -> None:
    """Put an archived content back into the library."""
    actions.archive(ctx, content_id, archived=False)


@router.post("/files", status_code=201, responses=raises(BadFile, Forbidden))
def upload_file(
    file: Annotated[UploadFile, File(description="A PDF up to 50 MB and 500 pages, or an image up to 10 MB")],
    ctx: Write,
) -> FileBody:
    """Upload a PDF or an image. What it is is seen from its bytes, not from its name."""
    data = file.file.read(max(files.LIMITS.values()) + 1)
    kept = actions.upload(ctx, data, file.filename or "")
    return FileBody(**asdict(kept), url=f"/m/{kept.file_id}" if kept.kind == "image" else None)


@router.get(
    "/files/{file_id}/pages/{page}",
    response_class=Response,
    responses={
        200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}, "description": "The page"},
        **raises(NotFound, Forbidden),
    },
)
def read_file_page(file_id: Id, page: Id, ctx: Read) -> Response:
    """A page of an uploaded PDF as a picture."""
    return Response(
        queries.file_page(ctx, file_id, page),
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=86400"},
    )


@router.post("/{content_id}/link", responses=raises(NoSuchContent, Forbidden))
def make_link(
    content_id: Id, ctx: Write, purpose: Annotated[CleanText, Query(min_length=1, max_length=100)]
) -> LinkBodyOut:
    """A link for everybody, for a purpose such as a poster or a menu; the same purpose gives the same link."""
    queries.content(ctx, content_id)
    link_id = actions.ensure_link(ctx, content_id, LinkContext(f"manual:{purpose}"))
    return LinkBodyOut(link_id=link_id, url=queries.shared_url(link_id))


@router.get(
    "/{content_id}/preview",
    response_class=Response,
    responses={
        200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "The page"},
        **raises(NoSuchContent, NotPublished, Forbidden),
    },
)
def preview_page(
    content_id: Id,
    request: Request,
    ctx: Write,
    version: Number | None = None,
    lang: Annotated[CleanText | None, Query(max_length=16)] = None,
) -> Response:
    """The page as a reader would see it; nothing is counted and a form is not sent."""
    content = queries.content(ctx, content_id, version=version)
    if isinstance(content.body, TextBody | TemplateBody | LinkBody):
        raise NoSuchContent("this kind has no page of its own", field="content_id")
    words = language(lang, request.headers.get("accept-language"))
    shelf = Shelf(ctx)
    html = Maker(shelf, words, "preview", None, None).page(content, shelf.form_of(content), {})
    policy = "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; frame-ancestors 'self'"
    return HTMLResponse(html, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})


@router.post(
    "/{content_id}/message",
    responses=raises(
        NoSuchContent, UnknownCustomer, NotPublished, NotSendable, FieldsNotAllowed, UnknownContent, Forbidden
    ),
)
def preview_message(content_id: Id, ctx: Write, route: str, customer_id: Number | None = None) -> MessagePreview:
    """The message that a route would send, for one customer or with the defaults of its fields."""
    made = actions.outgoing(ctx, content_id, route, context=LinkContext("preview"))
    values: dict[str, object] = {}
    if customer_id is not None and made.fields:
        attributes = customers.profile(ctx, customer_id).attributes
        values = {name: attributes[name] for name in made.fields if name in attributes}
        audit.record(ctx, "content.preview", "customer", customer_id, content_id=content_id)
    body = dict(made.draft) if made.draft is not None else queries.personalise(made, 0, values)
    return MessagePreview(kind=made.kind, personal=made.personal, fields=list(made.fields), body=body)


@router.get("/{content_id}/statistics", responses=raises(NoSuchContent, Forbidden))
def content_statistics(
    content_id: Id, ctx: Read, since: Moment | None = None, until: Moment | None = None
) -> StatisticsBody:
    """Views, readers, reading time per page, clicks, forwards, answers, and where forms are left."""
    return StatisticsBody.model_validate(asdict(statistics(ctx, content_id, since, until)))


@router.get("/{content_id}/readers", responses=raises(NoSuchContent, BadCursor, Forbidden))
def list_readers(
    content_id: Id,
    ctx: Read,
    did: Did | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> ReaderPage:
    """The known people who opened a content or did something on it, the latest first."""
    page = readers(ctx, content_id, did=did, since=since, until=until, after=cursor, limit=limit)
    return ReaderPage(items=[ReaderBody(**asdict(item)) for item in page.items], next=page.next)


@router.get("/{content_id}/submissions", responses=raises(NoSuchContent, BadCursor, Forbidden))
def list_submissions(content_id: Id, ctx: Read, cursor: str | None = None, limit: Limit = 50) -> SubmissionPage:
    """The answers to a form, newest first."""
    clear = ctx.actor.may("customers.phones")
    page = submissions(ctx, content_id, clear=clear, after=cursor, limit=limit)
    if clear:
        audit.record(ctx, "content.read_submissions", "content", content_id, rows=len(page.items))
    return SubmissionPage(items=[SubmissionBody(**asdict(item)) for item in page.items], next=page.next)


__all__ = ["floods", "public", "router"]
