"""The bodies of the content kinds: what each holds and what is refused. Pure; ``parse`` is the only way in."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from siyu.kernel.errors import BadText, Invalid
from siyu.kernel.text import CleanText

Id = Annotated[int, Field(ge=1, lt=2**31)]
Words = Annotated[CleanText, Field(max_length=4000)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
FieldType = Literal["text", "textarea", "phone", "email", "select", "multi", "number", "date", "consent"]
Number = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
Purpose = Literal["profiling", "contact", "terms"]

RESERVED = frozenset({"view", "lang"})
"""Names that the form page itself sends."""


class BadContent(Invalid):
    """The body of a content is malformed; ``field`` names the place."""

    code = "bad_content"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def web_url(value: str) -> str:
    """An absolute http(s) URL with a host, without credentials; raises ValueError (as a pydantic error)."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or re.search(r"[\s<>\"\\]", value):
        raise PydanticCustomError("url", "not an absolute http or https address")
    return value


WebUrl = Annotated[CleanText, Field(max_length=1024), AfterValidator(web_url)]


class Cta(_Model):
    """A button that leads on: to a content by key, or to a web address (counted on the way out)."""

    label: Annotated[CleanText, Field(min_length=1, max_length=40)]
    kind: Literal["link", "form", "download", "group"] = "link"
    content: Key | None = None
    url: WebUrl | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.content is None) == (self.url is None):
            raise PydanticCustomError("target", "give either content or url")
        return self


class TemplateText(_Model):
    """The words of a template message: the account's template and its data fields."""

    template_id: Annotated[CleanText, Field(min_length=1, max_length=64)]
    data: dict[
        Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$")], Annotated[CleanText, Field(max_length=200)]
    ] = Field(min_length=1, max_length=20)


class _Sendable(_Model):
    """``message``: the customer message that carries this page as text ({{link}} is its place); ``template``: its
    reminder as a template message. Without them the page goes as a card."""

    message: Words | None = None
    template: TemplateText | None = None
    cover: Id | None = Field(default=None, description="file_id of an image")


class ArticleBody(_Sendable):
    """An article: HTML (sanitised on saving) and buttons below it."""

    kind: Literal["article"] = "article"
    html: Annotated[CleanText, Field(max_length=200_000)]
    author: Annotated[CleanText, Field(max_length=16)] = ""
    ctas: list[Cta] = Field(default=[], max_length=5)


class EbookBody(_Sendable):
    """An e-book: an uploaded PDF, shown page by page."""

    kind: Literal["ebook"] = "ebook"
    file: Id = Field(description="file_id of a PDF")
    intro: Words = ""
    downloadable: bool = False
    ctas: list[Cta] = Field(default=[], max_length=5)


class LinkBody(_Sendable):
    """An outside address, wrapped so that clicks are known; also the group invitation."""

    kind: Literal["link"] = "link"
    url: WebUrl


class ImageBody(_Sendable):
    """A picture with a caption."""

    kind: Literal["image"] = "image"
    file: Id = Field(description="file_id of an image")
    caption: Words = ""
    ctas: list[Cta] = Field(default=[], max_length=5)


class FormField(_Model):
    """One field. ``maps_to`` is a customer attribute, or ``phone`` / ``email`` (weak identities). ``ask: unknown``
    leaves the field out for a person whose value is known for certain (progressive profiling)."""

    name: Name
    label: Annotated[CleanText, Field(min_length=1, max_length=80)]
    type: FieldType
    required: bool = False
    help: Annotated[CleanText, Field(max_length=200)] = ""
    options: list[Annotated[CleanText, Field(min_length=1, max_length=80)]] = Field(default=[], max_length=100)
    min: Number | None = None
    max: Number | None = None
    max_length: int = Field(default=200, ge=1, le=4000)
    maps_to: Name | None = None
    ask: Literal["always", "unknown"] = "always"
    step: int = Field(default=1, ge=1, le=10)
    purpose: Purpose | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.name in RESERVED:
            raise PydanticCustomError("reserved", "this name is used by the page itself")
        choice = self.type in ("select", "multi")
        if choice != bool(self.options) or len(set(self.options)) != len(self.options):
            raise PydanticCustomError("options", "select and multi need distinct options, other types have none")
        if (self.min is not None or self.max is not None) and self.type != "number":
            raise PydanticCustomError("range", "only numbers have min and max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise PydanticCustomError("range", "min is greater than max")
        if (self.type == "consent") != (self.purpose is not None):
            raise PydanticCustomError("purpose", "a consent field, and only it, names a purpose")
        if self.type == "consent" and self.maps_to is not None:
            raise PydanticCustomError("maps_to", "a consent is recorded as consent, not as an attribute")
        if self.maps_to in ("phone", "email") and self.type != self.maps_to:
            raise PydanticCustomError("maps_to", "phone and email map only from fields of that type")
        return self


class After(_Model):
    """What the person sees after sending the form."""

    title: Annotated[CleanText, Field(min_length=1, max_length=64)] = "提交成功"
    text: Words = ""
    ctas: list[Cta] = Field(default=[], max_length=3)


class FormBody(_Sendable):
    """A form: fields in steps, and what comes after."""

    kind: Literal["form"] = "form"
    intro: Words = ""
    fields: list[FormField] = Field(min_length=1, max_length=40)
    submit: Annotated[CleanText, Field(min_length=1, max_length=20)] = "提交"
    after: After = After()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [field.name for field in self.fields]
        targets = [field.maps_to for field in self.fields if field.maps_to]
        if len(set(names)) != len(names) or len(set(targets)) != len(targets):
            raise PydanticCustomError("fields", "two fields share a name or an attribute")
        return self


class Heading(_Model):
    """A heading."""

    type: Literal["heading"]
    text: Annotated[CleanText, Field(min_length=1, max_length=80)]


class Paragraphs(_Model):
    """Text; an empty line begins a new paragraph."""

    type: Literal["text"]
    text: Words


class Picture(_Model):
    """An uploaded image."""

    type: Literal["image"]
    file: Id
    alt: Annotated[CleanText, Field(max_length=120)] = ""


class Button(_Model):
    """A button."""

    type: Literal["button"]
    cta: Cta


class EmbeddedForm(_Model):
    """A form content shown inside the page; one per page."""

    type: Literal["form"]
    form: Key


Block = Annotated[Heading | Paragraphs | Picture | Button | EmbeddedForm, Field(discriminator="type")]


class LandingBody(_Sendable):
    """A landing page: blocks from top to bottom."""

    kind: Literal["landing"] = "landing"
    blocks: list[Block] = Field(min_length=1, max_length=60)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if sum(isinstance(block, EmbeddedForm) for block in self.blocks) > 1:
            raise PydanticCustomError("blocks", "a page holds at most one form")
        return self


class TextBody(_Model):
    """A plain message; {{name|您}} and {{link:key}} (a link to another content) may stand in it."""

    kind: Literal["text"] = "text"
    text: Annotated[CleanText, Field(min_length=1, max_length=2000)]


class TemplateBody(_Model):
    """A template message; ``target`` is what it opens."""

    kind: Literal["template"] = "template"
    template: TemplateText
    target: Key | None = None


Body = ArticleBody | EbookBody | LinkBody | ImageBody | FormBody | LandingBody | TextBody | TemplateBody
_ADAPTER: TypeAdapter[Body] = TypeAdapter(Annotated[Body, Field(discriminator="kind")])


def ctas(body: Body) -> list[tuple[str, Cta]]:
    """The buttons of a body with the dotted path of each."""
    match body:
        case ArticleBody() | EbookBody() | ImageBody():
            return [(f"body.ctas.{at}", cta) for at, cta in enumerate(body.ctas)]
        case FormBody():
            return [(f"body.after.ctas.{at}", cta) for at, cta in enumerate(body.after.ctas)]
        case LandingBody():
            return [
                (f"body.blocks.{at}.cta", block.cta)
                for at, block in enumerate(body.blocks)
                if isinstance(block, Button)
            ]
        case _:
            return []


def files(body: Body) -> list[tuple[str, int, str]]:
    """The files that a body names: (dotted path, file_id, ``pdf`` or ``image``)."""
    found: list[tuple[str, int, str]] = []
    if isinstance(body, EbookBody):
        found.append(("body.file", body.file, "pdf"))
    if isinstance(body, ImageBody):
        found.append(("body.file", body.file, "image"))
    if isinstance(body, LandingBody):
        found += [
            (f"body.blocks.{at}.file", block.file, "image")
            for at, block in enumerate(body.blocks)
            if isinstance(block, Picture)
        ]
    if isinstance(body, _Sendable) and body.cover is not None:
        found.append(("body.cover", body.cover, "image"))
    return found


def parse(kind: str, data: Mapping[str, object]) -> Body:
    """A body of ``kind``; raises BadText or BadContent naming the first wrong ``body.<path>``; ``detail.errors`` names
    all of them: ``field``, ``fault`` (a stable word), ``message``."""
    try:
        return _ADAPTER.validate_python({**data, "kind": kind})
    except ValidationError as error:
        found = [
            {"field": ".".join(["body", *_path(one["loc"])]), "fault": one["type"], "message": one["msg"]}
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        first = found[0]
        refusal = BadText if first["fault"] == "bad_text" else BadContent
        raise refusal(first["message"], field=first["field"], detail={"errors": found}) from None


def _path(found: tuple[int | str, ...]) -> list[str]:
    """Where in the input: pydantic's place without the names of union members (the kind, and the type of a block)."""
    inside = list(found[1:])
    if len(inside) > 2 and inside[0] == "blocks":
        del inside[2]
    return [str(part) for part in inside]


def load(data: Mapping[str, object]) -> Body:
    """A body as it was stored."""
    return _ADAPTER.validate_python(data)
