"""Public pages as HTML: what a reader sees of a content, a form with its faults, thanks, dead links."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from siyu.content import codes, html
from siyu.content.bodies import (
    ArticleBody,
    Button,
    Cta,
    EbookBody,
    EmbeddedForm,
    FormBody,
    FormField,
    Heading,
    ImageBody,
    LandingBody,
    Picture,
    ctas,
)
from siyu.content.reading import forms
from siyu.content.reading.shelf import Shelf
from siyu.content.reading.visitor import ViewToken
from siyu.content.reading.words import WORDS, Language
from siyu.content.types import Content, LinkContext
from siyu.kernel.secrets import sign

_HERE = Path(__file__).parent
STATIC = {"site.css": "text/css; charset=utf-8", "site.js": "text/javascript; charset=utf-8"}
_KINDS = {
    "phone": ("tel", "tel", "tel"),
    "email": ("email", "email", "email"),
    "number": ("number", "", "decimal"),
    "date": ("date", "", ""),
}
_AUTOCOMPLETE = {"name": "name", "company": "organization", "position": "organization-title", "city": "address-level2"}


@lru_cache
def static(name: str) -> bytes:
    """A static file of the pages; raises KeyError."""
    if name not in STATIC:
        raise KeyError(name)
    return (_HERE / "static" / name).read_bytes()


@lru_cache
def asset(name: str) -> str:
    """The address of a static file; changes with its content, so that it may be cached for ever."""
    return f"/c/{hashlib.sha256(static(name)).hexdigest()[:10]}/{name}"


@lru_cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset
    return environment


def _render(template: str, language: Language, **values: Any) -> str:
    defaults = {"digest": "", "page": "", "token": "", "pages": 0, "steps": False}
    return _templates().get_template(template).render({**defaults, "lang": language, "t": WORDS[language], **values})


def message(language: Language, what: str) -> str:
    """A page that only says something: ``gone``, ``stale``, ``busy``."""
    return _render("gone.html", language, title=WORDS[language][f"{what}_title"], text=WORDS[language][what])


def sheet_key(content_id: int, version: int) -> str:
    """Opens the pages of an e-book's version: they are for those who got the book, not for those who count up."""
    return sign("content.sheet", codes.varint(content_id) + codes.varint(version), 9).hex()


def _opened(content: Content) -> str:
    return f"v={content.version}&k={sheet_key(content.content_id, content.version)}"


class Form:
    """How a form is shown: what is known, what was typed, what is wrong."""

    def __init__(
        self,
        content: Content,
        action: str,
        token: str,
        language: Language,
        known: Mapping[str, str],
        typed: Mapping[str, Sequence[str]] | None = None,
        faults: Mapping[str, str] | None = None,
    ) -> None:
        assert isinstance(content.body, FormBody)
        self.action, self.token, self.submit = action, token, content.body.submit
        self.preview = not token
        self.faults = dict(faults or {})
        fields = [self._field(field, language, known, typed) for field in forms.shown(content.body, known)]
        by_step: dict[int, list[dict[str, Any]]] = {}
        for field in fields:
            by_step.setdefault(field["step"], []).append(field)
        self.steps = [
            {"fields": by_step[step], "bad": any(field["fault"] for field in by_step[step])} for step in sorted(by_step)
        ]

    def _field(
        self, field: FormField, language: Language, known: Mapping[str, str], typed: Mapping[str, Sequence[str]] | None
    ) -> dict[str, Any]:
        words = WORDS[language]
        secret = field.type in ("phone", "email") and field.name in known
        given = list(typed.get(field.name, ())) if typed is not None else None
        if field.type == "multi":
            value: object = given if given is not None else []
        elif given is not None:
            value = given[0] if given else ""
        else:
            value = "" if secret or field.type == "consent" else known.get(field.name, "")
        kind, complete, mode = _KINDS.get(field.type, ("text", "", ""))
        fault = self.faults.get(field.name)
        limits = {"min": _plain(field.min), "max": _plain(field.max), "max_length": field.max_length}
        return {
            "name": field.name,
            "label": field.label,
            "type": field.type,
            "required": field.required,
            "help": field.help,
            "options": field.options,
            "step": field.step,
            "value": value,
            "kept": secret,
            "hint": words["kept"].format(forms.masked(field.type, known[field.name])) if secret else "",
            "fault": words[f"fault.{fault}"].format(**limits) if fault else "",
            "input": kind,
            "autocomplete": complete or _AUTOCOMPLETE.get(field.maps_to or field.name, ""),
            "mode": mode,
            "min": _plain(field.min) or None,
            "max": _plain(field.max) or None,
            "max_length": field.max_length,
        }


def _plain(number: float | None) -> str:
    if number is None:
        return ""
    return str(int(number)) if float(number).is_integer() else str(number)


class Maker:
    """Builds one page for one view (``token`` None: not counted, as for machines and previews)."""

    def __init__(
        self, shelf: Shelf, language: Language, code: str, token: ViewToken | None, account_id: int | None
    ) -> None:
        self.shelf, self.language, self.code, self.token, self.account_id = shelf, language, code, token, account_id
        self.sealed = token.sealed() if token else ""
        self._away = 0

    def page(
        self,
        content: Content,
        form: Content | None,
        known: Mapping[str, str],
        typed: Mapping[str, Sequence[str]] | None = None,
        faults: Mapping[str, str] | None = None,
    ) -> str:
        """The page of a content."""
        shown = Form(form, f"/f/{self.code}", self.sealed, self.language, known, typed, faults) if form else None
        values: dict[str, Any] = {
            "kind": content.kind.value,
            "title": content.title,
            "digest": content.digest,
            "page": content.key,
            "token": self.sealed,
            "pages": 1,
            "form": shown,
            "steps": shown is not None and len(shown.steps) > 1,
            "look": f"look-{content.kind}",
        }
        return _render("page.html", self.language, **{**values, **self._body(content)})

    def _body(self, content: Content) -> dict[str, Any]:
        body = content.body
        buttons = self.buttons(
            content, [] if isinstance(body, FormBody | LandingBody) else [cta for _, cta in ctas(body)]
        )
        match body:
            case ArticleBody():
                date = content.updated_at.astimezone(self.shelf.ctx.zone).date().isoformat()
                linked = html.relink(body.html, lambda _: self._out()) if self.token else body.html
                return {"html": Markup(linked), "author": body.author, "date": date, "buttons": buttons}  # noqa: S704 - sanitised on saving
            case EbookBody():
                file = self.shelf.file(body.file)
                width, height = 1080, round(1080 * (file.height or 1) / max(file.width or 1, 1))
                sheets = [
                    {"src": self.sheet(content, body, number), "width": width, "height": height}
                    for number in range(1, (file.pages or 0) + 1)
                ]
                if body.downloadable:
                    href = f"/e/{content.content_id}/book.pdf?{_opened(content)}&view={self.sealed}"
                    buttons.append({"href": href, "kind": "download", "label": WORDS[self.language]["download"]})
                return {"intro": body.intro, "sheets": sheets, "pages": file.pages, "buttons": buttons}
            case ImageBody():
                file = self.shelf.file(body.file)
                picture = {"src": f"/m/{body.file}", "width": file.width, "height": file.height}
                return {"picture": picture, "caption": body.caption, "buttons": buttons}
            case FormBody():
                return {"intro": body.intro, "buttons": []}
            case LandingBody():
                return {"blocks": self._blocks(content, body), "buttons": []}
            case _:
                return {"buttons": buttons}

    def _blocks(self, content: Content, body: LandingBody) -> Iterable[dict[str, Any]]:
        made = iter(self.buttons(content, [cta for _, cta in ctas(body)]))
        blocks: list[dict[str, Any]] = []
        for block in body.blocks:
            match block:
                case Heading():
                    blocks.append({"type": "heading", "text": block.text})
                case Picture():
                    file = self.shelf.file(block.file)
                    size = {"width": file.width, "height": file.height}
                    blocks.append({"type": "image", "file": block.file, "alt": block.alt, **size})
                case Button():
                    blocks.append({"type": "button", "cta": next(made)})
                case EmbeddedForm():
                    form = self.shelf.content(block.form).body
                    blocks.append({"type": "form", "intro": form.intro if isinstance(form, FormBody) else ""})
                case _:
                    blocks.append({"type": "text", "text": block.text})
        return blocks

    def sheet(self, content: Content, body: EbookBody, number: int) -> str:
        """The address of a page of a book as a picture."""
        del body
        return f"/e/{content.content_id}/{number}.png?{_opened(content)}"

    def done(self, form: Content, again: bool, before: int = 0) -> str:
        """The page after a form was taken; ``before`` outside addresses were on the page that held the form."""
        assert isinstance(form.body, FormBody)
        self._away = before
        after, words = form.body.after, WORDS[self.language]
        return _render(
            "done.html",
            self.language,
            title=words["again_title"] if again else after.title,
            text=words["again"] if again and not after.text else after.text,
            page=f"{form.key}/done",
            buttons=self.buttons(form, after.ctas),
        )

    def buttons(self, content: Content, wanted: Sequence[Cta]) -> list[dict[str, Any]]:
        """Buttons with addresses that are counted; a button to a content is a link of its own."""
        pages = self.shelf.page_links(
            [cta.content for cta in wanted if cta.content],
            LinkContext(f"page:{content.content_id}", self.account_id),
        )
        found: list[dict[str, Any]] = []
        for cta in wanted:
            if cta.url:
                found.append({"href": self._out() if self.token else cta.url, "kind": cta.kind, "label": cta.label})
            elif (link_id := pages.get(cta.content or "")) is not None:
                # Without proof of who reads, the personal link hands its person on; with it, the cookie does.
                owner = (
                    self.token.customer_id
                    if self.token and self.token.personal and not self.token.certain
                    else codes.SHARED
                )
                found.append({"href": f"/p/{codes.code(link_id, owner)}", "kind": cta.kind, "label": cta.label})
        return found

    def _out(self) -> str:
        number, self._away = self._away, self._away + 1
        return f"/t/go?view={self.sealed}&n={number}"
