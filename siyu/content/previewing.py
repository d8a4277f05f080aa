"""Private: a content that nobody saved yet, as its reader would see it. Nothing is written, no link is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from siyu.content import fields, queries, store
from siyu.content import outgoing as shapes
from siyu.content.bodies import EbookBody, LinkBody, TemplateBody, TextBody
from siyu.content.reading.pages import Maker
from siyu.content.reading.shelf import DeadLink, Shelf
from siyu.content.reading.words import Language
from siyu.content.types import (
    Content,
    FieldsNotAllowed,
    LinkContext,
    NotPublished,
    NotSendable,
    UnknownContent,
)
from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import SiyuError

_LINK = "preview"
"""Stands where a message has the code of its link."""


@dataclass(frozen=True, slots=True)
class Way:
    """What one route would send; or ``refusal``, why it cannot, with ``kind`` and ``body`` None."""

    route: str
    kind: str | None
    personal: bool
    fields: tuple[str, ...]
    body: Mapping[str, object] | None
    refusal: SiyuError | None


def page(ctx: Ctx, content: Content, language: Language) -> str | None:
    """The page of ``content``; None for kinds without one. Raises NotPublished for a form on it that is not."""
    if isinstance(content.body, TextBody | TemplateBody | LinkBody):
        return None
    shelf = _Shelf(ctx)
    try:
        return _Maker(shelf, language, _LINK, None, None).page(content, shelf.form_of(content), {})
    except DeadLink:
        raise NotPublished("the form on the page is not published", field="body.blocks") from None


def ways(ctx: Ctx, content: Content, customer_id: int | None = None) -> list[Way]:
    """What every route would send of ``content``, with the content fields of a customer, else their defaults.

    Raises UnknownCustomer.
    """
    values = customers.profile(ctx, customer_id).attributes if customer_id is not None else {}
    return [_way(ctx, content, route, values) for route in sorted(shapes.ROUTES)]  # set-loop: a handful of routes


def _way(ctx: Ctx, content: Content, route: str, values: Mapping[str, object]) -> Way:
    try:
        kind, payload = shapes.sendable(content, route)
        used = [fields.used(words.replace("{{base}}", ""), "body") for words in shapes.strings(payload)]
        keys = [key for one in used for key in one.keys]
        queries.linked(ctx, keys)
    except (NotSendable, FieldsNotAllowed, NotPublished, UnknownContent) as refusal:
        return Way(route, None, False, (), None, refusal)
    names = tuple(dict.fromkeys(name for one in used for name in one.attributes))
    linked = bool(keys) or any(one.own_link for one in used)
    body = shapes.replaced(payload, values, dict.fromkeys(["", *keys], queries.url(_LINK)), queries.base_url())
    return Way(route, kind, route in shapes.PERSONAL and (linked or bool(names)), names, body, None)


class _Shelf(Shelf):
    """Makes no link: buttons to published contents lead nowhere."""

    def page_links(self, keys: Sequence[str], context: LinkContext) -> dict[str, int]:
        """0 for every published content with one of these keys."""
        found = store.by_keys(self.ctx, keys) if keys else {}
        return {key: 0 for key, row in found.items() if row.published is not None}


class _Maker(Maker):
    """Shows the sheets of a book that belongs to no content yet."""

    def sheet(self, content: Content, body: EbookBody, number: int) -> str:
        """The address of a page of the uploaded file, for those who may read the library."""
        return f"/api/content/files/{body.file}/pages/{number}"
