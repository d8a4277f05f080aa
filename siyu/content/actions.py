"""Door: every write of the library: contents and versions, files, links, and what a route is to send."""

from collections.abc import Mapping, Sequence

from siyu.content import checks, codes, fields, files, queries, store, uses
from siyu.content import outgoing as shapes
from siyu.content.types import (
    BadContent,
    Content,
    ContentChanged,
    File,
    KeyTaken,
    Kind,
    KindFixed,
    LinkContext,
    NoSuchContent,
    Outgoing,
)
from siyu.kernel import audit, notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import clean

register_use = uses.register
"""Let a room above speak for what it uses: ``register_use(room, check)``; called by app's wiring."""


def draft(
    ctx: Ctx, *, kind: str, title: str, body: Mapping[str, object], key: str | None = None, digest: str = ""
) -> Content:
    """What ``save_content`` would make, checked in the same way, and nothing is written; without a key, one is made
    from the title. Its ``content_id`` is 0 while no content has the key. Raises what ``save_content`` does.
    """
    title = checks.title(title)
    key = queries.free_key(ctx, title) if key is None else key
    made = checks.draft(ctx, key, kind, title, body, digest)
    row = store.by_keys(ctx, [key]).get(key)
    if row is not None and row.kind != kind:
        raise KindFixed(f"{key} is of kind {row.kind}", field="kind")
    return Content(
        content_id=row.content_id if row else 0,
        key=key,
        kind=Kind(kind),
        version=0,
        latest=0,
        published=None,
        title=title,
        digest=digest,
        body=made,
        created_at=ctx.now,
        updated_at=ctx.now,
        archived=False,
    )


def save_content(
    ctx: Ctx,
    *,
    key: str,
    kind: str,
    title: str,
    body: Mapping[str, object],
    digest: str = "",
    publish: bool = False,
    after: int | None = None,
) -> Content:
    """Make a content, or the next version of the one with this key (old versions stay readable).

    Saying again what is already there makes no version. ``after`` is the version that the writer began with, 0 for a
    new content: whoever saved another one meanwhile is not overwritten. Raises BadContent, BadText, FieldsNotAllowed,
    UnknownField, UnknownContent, KindFixed, KeyTaken, ContentChanged; ``field`` is ``key``, ``kind``, ``title``,
    ``digest`` or ``body.<path>``.
    """
    title = checks.title(title)
    made = checks.draft(ctx, key, kind, title, body, digest)
    row = store.lock_key(ctx, key)
    if row is not None and after == 0:
        raise KeyTaken(f"another content has the key {key}", field="key")
    if row is None:
        content_id = store.add(ctx, key, kind)
        row = store.lock_key(ctx, key)  # also when another transaction added it meanwhile
        assert row is not None
        if content_id is not None:
            audit.record(ctx, "content.add", "content", content_id, key=key, kind=kind)
        elif after == 0:
            raise KeyTaken(f"another content has the key {key}", field="key")
    if row.kind != kind:
        raise KindFixed(f"{key} is of kind {row.kind}", field="kind")
    stored = made.model_dump(mode="json")
    last = store.one(ctx, row.content_id, row.latest, published=False) if row.latest else None
    if last is None or (last.title, last.digest, last.body) != (title, digest, stored):
        if after is not None and after != row.latest:
            raise ContentChanged(
                f"version {row.latest} was saved meanwhile", field="after", detail={"latest": row.latest}
            )
        store.add_version(ctx, row.content_id, row.latest + 1, title, digest, stored)
        audit.record(ctx, "content.edit", "content", row.content_id, version=row.latest + 1)
    if publish:
        return _publish(ctx, row.content_id, None)
    return queries.content(ctx, row.content_id)


def publish(ctx: Ctx, content_id: int, version: int | None = None) -> Content:
    """Make a version (default: the latest) the one that readers get; raises NoSuchContent."""
    return _publish(ctx, content_id, version)


def _publish(ctx: Ctx, content_id: int, version: int | None) -> Content:
    content = queries.content(ctx, content_id, version=version)
    if content.published != content.version:
        store.change(ctx, content_id, published=content.version)
        audit.record(ctx, "content.publish", "content", content_id, version=content.version)
        notices.write(ctx, "content.published", content_id=content_id, version=content.version)
    return queries.content(ctx, content_id, version=content.version)


def archive(ctx: Ctx, content_id: int, archived: bool = True) -> None:
    """Take a content out of the library (its links stay readable), or put it back.

    Raises NoSuchContent, and ContentUsed while something sends it.
    """
    if archived:
        uses.refuse(ctx, content_id)
    if not store.change(ctx, content_id, archived=archived):
        raise NoSuchContent("there is no such content", field="content_id")
    audit.record(ctx, "content.archive" if archived else "content.restore", "content", content_id)


def upload(ctx: Ctx, data: bytes, name: str) -> File:
    """Keep a PDF or an image; the same bytes are kept once. Raises BadFile (``field`` file)."""
    found = files.sniff(data, clean(name, "file"))
    row = store.keep_file(
        ctx,
        kind=found.kind,
        media_type=found.media_type,
        name=name[:200],
        size=len(data),
        sha256=found.sha256,
        pages=found.pages,
        width=found.width,
        height=found.height,
        data=data,
    )
    audit.record(ctx, "content.upload", "file", row.file_id, media_type=found.media_type, size=len(data))
    return queries.file_of(row)


def ensure_link(ctx: Ctx, content_id: int, context: LinkContext) -> int:
    """The link of a content for a purpose and account; made once, the same id ever after. ``content_id`` must exist."""
    return store.ensure_link(ctx, content_id, clean(context.purpose, "purpose"), context.account_id or 0)


def page_links(ctx: Ctx, keys: Sequence[str], context: LinkContext) -> dict[str, int]:
    """Links to the published contents with these keys; keys that lead nowhere are left out."""
    rows = store.by_keys(ctx, keys) if keys else {}
    return {
        key: ensure_link(ctx, row.content_id, context)  # set-loop: a page has a handful of buttons
        for key, row in rows.items()
        if row.published is not None
    }


def outgoing(ctx: Ctx, content_id: int, route: str, *, context: LinkContext, template: str | None = None) -> Outgoing:
    """What ``route`` sends of the published version; makes the links it needs. ``template`` replaces the template id.

    Raises NoSuchContent, NotPublished, NotSendable, FieldsNotAllowed, UnknownContent.
    """
    content = queries.content(ctx, content_id, published=True)
    kind, payload = shapes.sendable(content, route, template)
    return _bound(ctx, content, route, kind, payload, context)


def outgoing_text(ctx: Ctx, text: str, route: str, *, context: LinkContext) -> Outgoing:
    """The same for a text that is no content of the library. Raises also BadContent, UnknownField; ``field`` text."""
    queries.check_text(ctx, text, route)
    return _bound(ctx, None, route, "text", shapes.text_payload(text, route, "text"), context)


def _bound(
    ctx: Ctx, content: Content | None, route: str, kind: str, payload: dict[str, object], context: LinkContext
) -> Outgoing:
    used = [fields.used(words.replace("{{base}}", ""), "body") for words in shapes.strings(payload)]
    names = tuple(dict.fromkeys(name for one in used for name in one.attributes))
    links: dict[str, int] = {}
    if any(one.own_link for one in used):
        if content is None:
            raise BadContent("{{link}} needs a page; name one: {{link:key}}", field="text")
        links[""] = ensure_link(ctx, content.content_id, context)
    for key, content_id in queries.linked(ctx, [key for one in used for key in one.keys]).items():
        links[key] = ensure_link(ctx, content_id, context)  # set-loop: a text names a handful of pages
    personal = route in shapes.PERSONAL and bool(names or links)
    if route not in shapes.PERSONAL:
        urls = {key: queries.url(codes.code(link_id)) for key, link_id in links.items()}
        payload = shapes.replaced(payload, {}, urls, queries.base_url())
    return Outgoing(
        route=route,
        kind=kind,
        content_id=content.content_id if content else None,
        version=content.version if content else None,
        title=content.title if content else "",
        fields=names,
        personal=personal,
        payload={"msgtype": "mpnews"} if kind == "draft" else payload,
        links=links,
        draft=payload if kind == "draft" else None,
        cover_file=getattr(content.body, "cover", None) if content else None,
    )
