"""Private: whether a content may be kept as it was written, after everything that it refers to was found."""

import re
from collections.abc import Mapping

from siyu.content import bodies, fields, html, store
from siyu.content.bodies import ArticleBody, Body, EmbeddedForm, LandingBody, TemplateBody, TextBody
from siyu.content.types import PAGES, BadContent, FieldsNotAllowed, Kind, UnknownContent, UnknownField
from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import clean

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TEXT_BYTES = 2048


def _bad(fault: str, message: str, place: str) -> BadContent:
    return BadContent(message, field=place, detail={"fault": fault})


def title(words: str) -> str:
    """A title without blanks around it; raises BadContent, BadText."""
    words = clean(words, "title").strip()
    if not words:
        raise _bad("too_short", "a title has 1 to 64 characters", "title")
    if len(words) > 64:
        raise _bad("too_long", "a title has 1 to 64 characters", "title")
    return words


def draft(ctx: Ctx, key: str, kind: str, title: str, body: Mapping[str, object], digest: str) -> Body:
    """The body as it is kept; raises BadContent, BadText, FieldsNotAllowed, UnknownField, UnknownContent."""
    if not _KEY.fullmatch(key):
        raise _bad("key", "a key is 1 to 63 lower-case letters, digits and hyphens", "key")
    if kind not in list(Kind):
        raise BadContent(f"there is no kind {kind!r}: {', '.join(Kind)}", field="kind")
    if len(clean(digest, "digest")) > 120:
        raise _bad("too_long", "a digest has at most 120 characters", "digest")
    return _checked(ctx, bodies.parse(kind, body), title, digest)


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
            raise _bad("bytes", f"a message has at most {_TEXT_BYTES} bytes (a Chinese character counts 3)", place)
        found = fields.used(words, place)
        if found.own_link and isinstance(body, TextBody | TemplateBody):
            raise _bad("own_link", "{{link}} needs a page; name one: {{link:key}}", place)
        if place.startswith("body.template") and (found.own_link or found.keys):
            raise _bad("template_link", "a template message opens its page; its data fields hold no links", place)
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
        raise _bad("url", f"a link must be an absolute web address: {address[:120]}", "body.html") from None


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
            raise _bad("file", f"there is no uploaded {'PDF' if kind == 'pdf' else 'image'} number {file_id}", place)


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
            raise _bad("unfit", f"answers of a {field.type} field cannot fill {target} ({definition.type})", place)
        if definition.type == "enum" and not set(field.options) <= set(definition.options):
            only = ", ".join(definition.options)
            raise _bad("unknown_option", f"{target} knows only {only}", f"body.fields.{at}.options")
