"""Reads a page the way a person does: its view marks, its forms, its links that ask for something.

A page that thousands open differs from one person to the next only in two opaque words: the view's token and the code
in the person's own link. They are masked, what remains is parsed once (0.4 ms), and put back (0.02 ms).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from urllib.parse import urljoin

from people import Cta, Field


@dataclass(slots=True)
class Form:
    """A form: absolute action, method in lower case, fields in order."""

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)


@dataclass(slots=True)
class Seen:
    """What a page offers."""

    view: str = ""
    beacon: str = ""
    name: str = ""
    pages: int = 0
    forms: list[Form] = field(default_factory=list)
    ctas: list[Cta] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url, self.seen = url, Seen()
        self._form: Form | None = None
        self._select: tuple[str, list[str], bool] | None = None
        self._label = ""
        self._in_label = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {k: v or "" for k, v in attrs}
        if tag == "body":
            seen = self.seen
            seen.view, seen.name = a.get("data-view", ""), a.get("data-page", "")
            seen.beacon = urljoin(self.url, a["data-beacon"]) if a.get("data-beacon") else ""
            seen.pages = int(a["data-pages"]) if a.get("data-pages", "").isdigit() else 0
        elif tag == "form":
            self._form = Form(urljoin(self.url, a.get("action") or self.url), a.get("method", "get").lower())
            self.seen.forms.append(self._form)
        elif tag == "label":
            self._label, self._in_label = "", True
        elif tag == "a" and a.get("data-cta") and a.get("href"):
            self.seen.ctas.append(Cta(a["data-cta"], urljoin(self.url, a["href"])))
        elif self._form is not None and "disabled" not in a:
            if tag in ("input", "textarea"):
                kind = a.get("type", "text").lower() if tag == "input" else "textarea"
                self._input(a, kind)
            elif tag == "select":
                self._select = (a.get("name", ""), [], "required" in a)
            elif tag == "option" and self._select is not None:
                self._select[1].append(a.get("value", ""))

    def _input(self, a: dict[str, str], kind: str) -> None:
        assert self._form is not None
        name, fields = a.get("name", ""), self._form.fields
        if not name:
            return
        hint = f"{self._label} {a.get('placeholder', '')} {a.get('aria-label', '')}".strip()
        self._label = ""
        if kind in ("radio", "checkbox"):
            for i, known in enumerate(fields):
                if known.name == name:  # several boxes of one name: the person takes one of them
                    options = (*(known.options or (known.value,)), a.get("value", ""))
                    fields[i] = Field(name, "radio", "", known.label, options, known.required)
                    return
        if kind == "radio":
            fields.append(Field(name, "radio", "", hint, (a.get("value", ""),), "required" in a))
            return
        fields.append(Field(name, kind, a.get("value", ""), hint, (), "required" in a))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "label":
            self._in_label = False
        elif tag == "select" and self._select is not None and self._form is not None:
            name, options, required = self._select
            self._label, label = "", self._label
            if name:
                self._form.fields.append(Field(name, "select", "", label, tuple(options), required))
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._in_label:
            self._label += data.strip()


# Marks of a private use area: no page has them, and no address loses them.
_MARKS = "".join(map(chr, range(0xE000, 0xE010)))
_MARKED = re.compile(f"[{_MARKS}]")
_QUERY = "\ue010"
_VIEW = re.compile(r'<body\b[^>]*\sdata-view="([^"<>]*)"')
# Opaque words only: whatever could be a tag's or an attribute's name must keep its place in the markup.
_OPAQUE = re.compile(r"(?=[\w-]*[A-Z])[\w-]{12,128}", re.ASCII)


def _parse(url: str, markup: str) -> Seen:
    reader = _Reader(url)
    reader.feed(markup)
    reader.close()
    return reader.seen


_parse_once = lru_cache(256)(_parse)


def read(url: str, markup: str) -> Seen:
    """Parses one page; links and actions become absolute against `url`."""
    if _MARKED.search(markup):
        return _parse(url, markup)
    url = url.partition("#")[0]
    bare_url, _, query = url.partition("?")
    view = _VIEW.search(markup)
    candidates = [view[1] if view else "", *bare_url.split("/")[3:]]
    words = list(zip(_MARKS, [word for word in dict.fromkeys(candidates) if _OPAQUE.fullmatch(word)], strict=False))
    bare = markup
    for mark, word in words:
        bare_url, bare = bare_url.replace(word, mark), bare.replace(word, mark)
    if query:
        bare_url += "?" + _QUERY
        words.append((_QUERY, query))
    return _restored(_parse_once(bare_url, bare), words)


def _restored(seen: Seen, words: list[tuple[str, str]]) -> Seen:
    """A copy with the words put back where their marks stand."""

    def back(text: str) -> str:
        for mark, word in words:
            text = text.replace(mark, word)
        return text

    def again(one: Field) -> Field:
        texts = (back(one.name), back(one.value), back(one.label))
        options = tuple(back(option) for option in one.options)
        if texts == (one.name, one.value, one.label) and options == one.options:
            return one
        return Field(texts[0], one.type, texts[1], texts[2], options, one.required)

    return Seen(
        back(seen.view),
        back(seen.beacon),
        back(seen.name),
        seen.pages,
        [Form(back(form.action), form.method, [again(one) for one in form.fields]) for form in seen.forms],
        [Cta(back(cta.label), back(cta.url)) for cta in seen.ctas],
    )
