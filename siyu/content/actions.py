"""Door: every write of the library: contents and versions, files, links, and what a route is to send."""

import re
from collections.abc import Mapping, Sequence

from siyu.content import bodies, codes, fields, files, html, queries, store
from siyu.content import outgoing as shapes
from siyu.content.bodies import ArticleBody, Body, EmbeddedForm, LandingBody, TemplateBody, TextBody
from siyu.content.types import (
    PAGES,
    BadContent,
    Content,
    FieldsNotAllowed,
    File,
    Kind,
    KindFixed,
    LinkContext,
    NoSuchContent,
    Outgoing,
    UnknownContent,
    UnknownField,
)
from siyu.customers import queries as customers
from siyu.kernel import audit, notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import clean

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TEXT_BYTES = 2048


def save_content(
    ctx: Ctx, *, key: str, kind: str, title: str, body: Mapping[str, object], digest: str = "", publish: bool = False
) -> Content:
    """Make a content, or the next version of the one with this key (old versions stay readable).

    Saying again what is already there makes no version. Raises BadContent, BadText, FieldsNotAllowed,
    UnknownField, UnknownContent, KindFixed; ``field`` is ``key``, ``kind``, ``title``, ``digest`` or ``body.<path>``.
    """
    if not _KEY.fullmatch(key):
        raise BadContent("a key is 1 to 63 lower-case letters, digits and hyphens", field="key")
    if kind not in list(Kind):
        raise BadContent(f"there is no kind {kind!r}: {', '.join(Kind)}", field="kind")
    title = clean(title, "title").strip()
    if not 1 <= len(title) <= 64:
        raise BadContent("a title has 1 to 64 characters", field="title")
    if len(clean(digest, "digest")) > 120:
        raise BadContent("a digest has at most 120 characters", field="digest")
    made = _checked(ctx, bodies.parse(kind, body), title, digest)
    row = store.lock_key(ctx, key)
    if row is None:
        content_id = store.add(ctx, key, kind)
        row = store.lock_key(ctx, key)  # also when another transaction added it meanwhile
        assert row is not None
        if content_id is not None:
            audit.record(ctx, "content.add", "content", content_id, key=key, kind=kind)
    if row.kind != kind:
        raise KindFixed(f"{key} is of kind {row.kind}", field="kind")
    stored = made.model_dump(mode="json")
    last = store.one(ctx, row.content_id, row.latest, published=False) if row.latest else None
    if last is None or (last.title, last.digest, last.body) != (title, digest, stored):
        store.add_version(ctx, row.content_id, row.latest + 1, title, digest, stored)
        audit.record(ctx, "content.edit", "content", row.content_id, version=row.latest + 1)
    if publish:
        return _publish(ctx, row.content_id, None)
    return queries.content(ctx, row.content_id)


def _checked(ctx: Ctx, body: Body, title: str, digest: str) -> Body:
    """The body with its HTML sanitised, after everything that it refers to was found."""
    for place, words in (("title", title), ("digest", digest), *_page_words(body)):
        if "{{" in words:
            raise FieldsNotAllowed(
                "content fields stand only in messages, which are sent per person; a page can be passed on", field=place
            )
    keys: list[tuple[str, str, frozenset[Kind]]] = []
    attributes: list[tuple[str, str]] = []
    for place, words in _message_words(body):
        if len(words.encode()) > _TEXT_BYTES:
            raise BadContent(f"a message has at most {_TEXT_BYTES} bytes (a Chinese character counts 3)", field=place)
        found = fields.used(words, place)
        if found.own_link and isinstance(body, TextBody | TemplateBody):
            raise BadContent("{{link}} needs a page; name one: {{link:key}}", field=place)
        if place.startswith("body.template") and (found.own_link or found.keys):
            raise BadContent("a template message opens its page; its data fields hold no links", field=place)
        keys += [(place, key, PAGES) for key in found.keys]
        attributes += [(place, name) for name in found.attributes]
    if isinstance(body, ArticleBody):
        body = body.model_copy(update={"html": html.sanitise(body.html)})
        for address in html.addresses(body.html):
            _web_address(address)
    for place, cta in bodies.ctas(body):
        if cta.content:
            keys.append((f"{place}.content", cta.content, PAGES))
    if isinstance(body, LandingBody):
        keys += [
            (f"body.blocks.{at}.form", block.form, frozenset({Kind.FORM}))
            for at, block in enumerate(body.blocks)
            if isinstance(block, EmbeddedForm)
        ]
    if isinstance(body, TemplateBody) and body.target:
        keys.append(("body.target", body.target, PAGES))
    _check_keys(ctx, keys)
    _check_attributes(ctx, attributes)
    _check_files(ctx, body)
    if isinstance(body, bodies.FormBody):
        _check_targets(ctx, body)
    return body


def _web_address(address: str) -> None:
    """Raise BadContent unless ``address`` is an absolute web address."""
    try:
        bodies.web_url(address)
    except ValueError:
        raise BadContent(f"a link must be an absolute web address: {address[:120]}", field="body.html") from None


def _page_words(body: Body) -> list[tuple[str, str]]:
    """Texts that stand on pages, which everybody may open."""
    return [
        (f"body.{name}", value)
        for name in ("html", "intro", "caption")
        if isinstance(value := getattr(body, name, None), str)
    ]


def _message_words(body: Body) -> list[tuple[str, str]]:
    """Texts that are sent."""
    found: list[tuple[str, str]] = []
    if isinstance(body, TextBody):
        found.append(("body.text", body.text))
    if isinstance(message := getattr(body, "message", None), str):
        found.append(("body.message", message))
    if (template := getattr(body, "template", None)) is not None:
        found += [(f"body.template.data.{name}", value) for name, value in template.data.items()]
    return found


def _check_keys(ctx: Ctx, wanted: list[tuple[str, str, frozenset[Kind]]]) -> None:
    found = store.by_keys(ctx, sorted({key for _, key, _ in wanted})) if wanted else {}
    for place, key, kinds in wanted:
        row = found.get(key)
        if row is None or row.kind not in kinds or row.archived:
            raise UnknownContent(f"there is no {' or '.join(sorted(kinds))} with the key {key}", field=place)


def _check_attributes(ctx: Ctx, wanted: list[tuple[str, str]]) -> None:
    if not wanted:
        return
    known = {definition.name for definition in customers.definitions(ctx)}
    for place, name in wanted:
        if name not in known:
            raise UnknownField(f"{{{{{name}}}}}: customers have no such attribute", field=place, detail={"name": name})


def _check_files(ctx: Ctx, body: Body) -> None:
    wanted = bodies.files(body)
    if isinstance(body, ArticleBody):
        wanted += [("body.html", file_id, "image") for file_id in html.images(body.html)]
    found = store.files(ctx, [file_id for _, file_id, _ in wanted]) if wanted else {}
    for place, file_id, kind in wanted:
        row = found.get(file_id)
        if row is None or row.kind != kind:
            raise BadContent(
                f"there is no uploaded {'PDF' if kind == 'pdf' else 'image'} number {file_id}", field=place
            )


def _check_targets(ctx: Ctx, body: bodies.FormBody) -> None:
    """Every mapped field must name an attribute whose type its answers fit."""
    known = {definition.name: definition for definition in customers.definitions(ctx)}
    for at, field in enumerate(body.fields):
        target = field.maps_to
        if target is None or target in ("phone", "email"):
            continue
        place = f"body.fields.{at}.maps_to"
        if target not in known:
            raise UnknownField(f"customers have no attribute {target}", field=place)
        definition = known[target]
        fits = {"number": ("number", "int"), "date": ("date", "text")}.get(field.type, ("text", "enum"))
        if definition.type not in fits or definition.mode == "hand":
            raise BadContent(f"answers of a {field.type} field cannot fill {target} ({definition.type})", field=place)
        if definition.type == "enum" and not set(field.options) <= set(definition.options):
            raise BadContent(f"{target} knows only {', '.join(definition.options)}", field=f"body.fields.{at}.options")


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
    """Take a content out of the library (its links stay readable), or put it back; raises NoSuchContent."""
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
