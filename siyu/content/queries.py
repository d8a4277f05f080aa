"""Door: reads of the library, addresses of links, and the pure step that makes a message personal."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from siyu.content import codes, fields, files, naming, store
from siyu.content import outgoing as shapes
from siyu.content.bodies import load
from siyu.content.types import (
    PAGES,
    BadContent,
    Content,
    File,
    Kind,
    Link,
    NoSuchContent,
    NotPublished,
    Outgoing,
    Summary,
    UnknownContent,
    UnknownField,
)
from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import BadTime, NotFound
from siyu.kernel.paging import BadCursor, Page, cursor, keys
from siyu.kernel.settings import settings
from siyu.kernel.text import clean, moment


def base_url() -> str:
    """The address that customers' browsers reach, without a slash at the end."""
    return (settings().public_url or f"http://{settings().host}:{settings().port}").rstrip("/")


def url(code: str) -> str:
    """The address of a link code."""
    return f"{base_url()}/p/{code}"


def shared_url(link_id: int) -> str:
    """The address of a link that everybody may get."""
    return url(codes.code(link_id))


def personal_url(link_id: int, customer_id: int) -> str:
    """The address of a link for one customer. Pure: nothing is stored."""
    return url(codes.code(link_id, customer_id))


def _content(row: Row[Any]) -> Content:
    return Content(
        content_id=row.content_id,
        key=row.key,
        kind=Kind(row.kind),
        version=row.version,
        latest=row.latest,
        published=row.published,
        title=row.title,
        digest=row.digest,
        body=load(row.body),
        created_at=row.created_at,
        updated_at=row.updated_at,
        archived=row.archived,
    )


def content(ctx: Ctx, ref: int | str, *, version: int | None = None, published: bool = False) -> Content:
    """A content by id or key: the given version, else the latest, or with ``published`` the one readers get.

    Raises NoSuchContent, NotPublished.
    """
    row = store.one(ctx, ref, version, published)
    if row is None and published and version is None and store.one(ctx, ref, None, False) is not None:
        raise NotPublished("this content has no published version", field="content")
    if row is None:
        raise NoSuchContent("there is no such content or version", field="content")
    return _content(row)


def free_key(ctx: Ctx, title: str) -> str:
    """A key for a new content, made from its title, that no content has (archived ones keep theirs)."""
    wanted = naming.key_of(title)
    return naming.free(wanted, store.keys_like(ctx, wanted))


def titles(ctx: Ctx, ids: Iterable[int]) -> Mapping[int, str]:
    """The latest titles of these contents."""
    return store.titles(ctx, sorted(set(ids)))


def linked_titles(ctx: Ctx, texts: Iterable[str]) -> Mapping[str, str]:
    """The latest titles, by key, of the contents that these texts link to ({{link:key}})."""
    keys = {key for text in texts if "{{" in text for key in fields.used(text, "text").keys}
    found = store.by_keys(ctx, sorted(keys)) if keys else {}
    named = titles(ctx, [row.content_id for row in found.values()])
    return {key: named[row.content_id] for key, row in found.items()}


def contents(
    ctx: Ctx,
    *,
    kind: str | None = None,
    words: str | None = None,
    archived: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> Page[Summary]:
    """The library, last changed first; ``words`` are looked for in title and key. Raises BadCursor."""
    below = position(after) if after else None
    rows = store.page(ctx, kind, words, archived, below, limit + 1)
    items = [
        Summary(
            content_id=row.content_id,
            key=row.key,
            kind=Kind(row.kind),
            title=row.title,
            latest=row.latest,
            published=row.published,
            updated_at=row.updated_at,
            archived=row.archived,
            cover=row.cover,
            file=row.file,
        )
        for row in rows[:limit]
    ]
    following = cursor(items[-1].updated_at.isoformat(), items[-1].content_id) if len(rows) > limit else None
    return Page(items, following)


def position(value: str) -> tuple[datetime, int]:
    """(time, id) of the last row of a page; raises BadCursor."""
    at, last = keys(value, 2)
    if type(last) is not int or not 0 <= last < 2**63:
        raise BadCursor("the cursor belongs to another list", field="cursor")
    try:
        return moment(at, "cursor"), last
    except BadTime:
        raise BadCursor("the cursor belongs to another list", field="cursor") from None


def versions(ctx: Ctx, content_id: int) -> list[tuple[int, str, Any, str]]:
    """(version, title, made at, made by) of a content, newest first."""
    return [(row.version, row.title, row.made_at, row.made_by) for row in store.versions(ctx, content_id)]


def file_of(row: Row[Any]) -> File:
    """A file from its row."""
    return File(row.file_id, row.kind, row.media_type, row.name, row.size, row.pages, row.width, row.height)


def file(ctx: Ctx, file_id: int) -> File:
    """An uploaded file without its bytes; raises NotFound."""
    row = store.files(ctx, [file_id]).get(file_id)
    if row is None:
        raise NotFound("there is no such file", field="file_id")
    return file_of(row)


def file_page(ctx: Ctx, file_id: int, page: int) -> bytes:
    """A page (from 1) of an uploaded PDF as PNG; raises NotFound."""
    row = store.files(ctx, [file_id]).get(file_id)
    if row is None or not 1 <= page <= (row.pages or 0):
        raise NotFound("there is no such file or page", field="file_id" if row is None else "page")
    data = files.cached_page(row.sha256, page)
    return data if data is not None else files.render_page(store.file_data(ctx, file_id) or b"", row.sha256, page)


def link(ctx: Ctx, link_id: int) -> Link | None:
    """A link by id."""
    row = store.link_row(ctx, link_id)
    return Link(row.link_id, row.content_id, row.purpose, row.account_id or None) if row else None


def check_text(ctx: Ctx, text: str, route: str) -> None:
    """Whether a plain text may go by ``route``; raises BadContent, BadText, UnknownField, FieldsNotAllowed, NotSendable
    with ``field`` text, UnknownContent and NotPublished with ``field`` link:<key>."""
    shapes.text_payload(clean(text, "text"), route, "text")
    found = fields.used(text, "text")
    if found.own_link:
        raise BadContent("{{link}} needs a page; name one: {{link:key}}", field="text")
    known = {definition.name for definition in customers.definitions(ctx)} if found.attributes else set()
    for name in found.attributes:
        if name not in known:
            raise UnknownField(f"{{{{{name}}}}}: customers have no such attribute", field="text", detail={"name": name})
    linked(ctx, found.keys)


def linked(ctx: Ctx, wanted: Iterable[str]) -> dict[str, int]:
    """content_id of the published pages with these keys; raises UnknownContent, NotPublished (``field`` link:<key>)."""
    names = sorted(set(wanted))
    targets = store.by_keys(ctx, names) if names else {}
    for key in names:
        if key not in targets or targets[key].kind not in PAGES:
            raise UnknownContent(f"there is no page with the key {key}", field=f"link:{key}")
        if targets[key].published is None:
            raise NotPublished(f"{key} is linked to but not published", field=f"link:{key}")
    return {key: targets[key].content_id for key in names}


def check_sendable(ctx: Ctx, content_id: int | None, text: str | None, routes: Iterable[str]) -> None:
    """What ``outgoing`` would raise for any of the routes, without writing anything (journey validation)."""
    wanted = list(routes)
    if text is not None:
        for route in wanted:
            check_text(ctx, text, route)
    if content_id is not None:
        found = content(ctx, content_id, published=True)
        for route in wanted:
            _, payload = shapes.sendable(found, route)
            linked(ctx, [key for words in shapes.strings(payload) for key in shapes.keys_in(words)])


def personalise(outgoing: Outgoing, customer_id: int | None, fields: Mapping[str, object]) -> dict[str, Any]:
    """The body for one person, without touser. Pure.

    ``fields`` are the person's values of ``outgoing.fields``; what is missing takes the default of the text.
    ``customer_id`` None is only right where ``outgoing.personal`` is False.
    """
    if not outgoing.personal:
        return dict(outgoing.payload)
    if customer_id is None:
        raise ValueError("a personal message needs its customer")
    urls = {key: personal_url(link_id, customer_id) for key, link_id in outgoing.links.items()}
    body: dict[str, Any] = shapes.replaced(outgoing.payload, fields, urls, base_url())
    return body


def mass_body(outgoing: Outgoing, media_id: str | None) -> dict[str, Any]:
    """The body of a mass send; ``media_id`` is the draft's where ``outgoing.draft`` is set."""
    if outgoing.draft is None:
        return dict(outgoing.payload)
    return {"msgtype": "mpnews", "mpnews": {"media_id": media_id}}


def cover(ctx: Ctx, outgoing: Outgoing) -> bytes:
    """The cover of a card, JPEG of 900x383: the content's own, or a quiet colour."""
    data = store.file_data(ctx, outgoing.cover_file) if outgoing.cover_file is not None else None
    return files.cover_jpeg(data, f"{outgoing.content_id}")
