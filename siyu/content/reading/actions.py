"""What happens on pages that are open: they are read, their forms touched, their addresses clicked. Over groups of
requests (kernel.grouping): each work answers its items in order, with an error for one that leads nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from siyu.content import html
from siyu.content.bodies import ArticleBody, FormBody, ctas
from siyu.content.reading import people, store
from siyu.content.reading.shelf import DeadLink, Shelf
from siyu.content.reading.visitor import ViewToken, Who
from siyu.content.types import Content
from siyu.kernel.ctx import Ctx

LONGEST_PAGE = 30 * 60 * 1000
"""Milliseconds of one page in one view that are believed."""


@dataclass(frozen=True, slots=True)
class Read:
    """How long the pages of a view have been read in all so far: page -> milliseconds."""

    token: ViewToken
    pages: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Touched:
    """A field of a view's form was touched."""

    token: ViewToken
    field: str


def told_of(ctx: Ctx) -> people.Told:
    """Nothing to tell yet."""
    return people.Told(ctx, [], [])


def tell(
    told: people.Told, token: ViewToken, key: str, type: str, content_id: int, props: Mapping[str, object]
) -> None:
    """Tell something that was done on a view: of its known person, or aside of its browser."""
    if token.customer_id:
        told.of(Who(token.customer_id, token.origin_id), key, type, content_id, props)
    else:
        told.aside(token.number.hex(), key, type, content_id, props)


def read(ctx: Ctx, items: Sequence[Read]) -> list[DeadLink | None]:
    """Count reading time; DeadLink for an unknown view.

    Tied to the person only with profiling consent; repeated or late beacons add nothing.
    """
    views = store.views(ctx, [one.token.view_id for one in items], lock=True)
    tokens = {one.token.view_id: one.token for one in items if one.token.view_id in views}
    longest: dict[tuple[int, int], int] = {}
    for one in items:
        for page, ms in one.pages.items() if one.token.view_id in views else ():
            key = one.token.view_id, page
            longest[key] = max(longest.get(key, 0), min(ms, LONGEST_PAGE))
    wanted = {key: (views[key[0]].content_id, ms) for key, ms in sorted(longest.items())}
    gained = store.read_pages(ctx, wanted) if wanted else {}
    told = told_of(ctx)
    for (view_id, page), (content_id, ms) in wanted.items():
        token = tokens[view_id]
        if gained[view_id, page] and (token.profiling or not token.customer_id):
            props = {"page": page, "ms": gained[view_id, page], "view": view_id}
            tell(told, token, f"read:{view_id}:{page}:{ms}", "page_read", content_id, props)
    told.tell()
    return [None if one.token.view_id in views else DeadLink("this view does not exist") for one in items]


def touch(ctx: Ctx, items: Sequence[Touched]) -> list[DeadLink | None]:
    """Note touched fields; the first one starts a form. DeadLink for a view without a form that has the field."""
    views = store.views(ctx, [one.token.view_id for one in items], lock=True)
    shelf, told = Shelf(ctx), told_of(ctx)
    fields: dict[int, str] = {}
    results: list[DeadLink | None] = []
    for one in items:
        row = views.get(one.token.view_id)
        try:
            if row is None or row.form_id is None:
                raise DeadLink("this view has no form")
            form = shelf.content(row.form_id, row.form_version)
            if not isinstance(form.body, FormBody) or one.field not in {field.name for field in form.body.fields}:
                raise DeadLink("the form has no such field")
        except DeadLink as error:
            results.append(error)
            continue
        if not row.started and row.view_id not in fields:
            tell_started(told, one.token, form.content_id)
        fields[row.view_id] = one.field
        results.append(None)
    if fields:
        store.touch_fields(ctx, fields)
    told.tell()
    return results


def tell_started(told: people.Told, token: ViewToken, form_id: int) -> None:
    """Tell that a form was started."""
    tell(told, token, f"start:{token.view_id}", "form_started", form_id, {"view": token.view_id})


@dataclass(frozen=True, slots=True)
class Away:
    """A click on the page's n-th outside address."""

    token: ViewToken
    number: int


def click_away(ctx: Ctx, items: Sequence[Away]) -> list[str | DeadLink]:
    """Count clicks and answer the addresses; DeadLink where there is none."""
    views = store.views(ctx, [one.token.view_id for one in items], lock=True)
    shelf = Shelf(ctx)
    results: list[str | DeadLink] = []
    clicks: list[Click] = []
    for one in items:
        try:
            row = views.get(one.token.view_id)
            if row is None:
                raise DeadLink("this view does not exist")
            page = shelf.content(row.content_id, row.version)
            addresses = outside(page)
            if row.form_id and row.form_id != row.content_id:
                addresses = addresses + outside(shelf.content(row.form_id, row.form_version))
            if not 0 <= one.number < len(addresses):
                raise DeadLink("the page has no such address")
        except DeadLink as error:
            results.append(error)
            continue
        address = addresses[one.number]
        props = {"link_id": row.link_id, "view": row.view_id, "url": address}
        clicks.append(Click(one.token, page.content_id, props, f"away:{one.number}"))
        results.append(address)
    if clicks:
        clicked(ctx, clicks)
    return results


@dataclass(frozen=True, slots=True)
class Click:
    """A click inside a page; ``what`` names it within its view."""

    token: ViewToken
    content_id: int
    props: Mapping[str, object]
    what: str
    type: str = "link_clicked"


def clicked(ctx: Ctx, items: Sequence[Click]) -> list[None]:
    """Count clicks, and tell the timelines."""
    more: dict[int, int] = {}
    for one in items:
        more[one.token.view_id] = more.get(one.token.view_id, 0) + 1
    store.views(ctx, more, lock=True)
    now = store.add_clicks(ctx, more)
    told = told_of(ctx)
    for one in items:
        view_id = one.token.view_id
        more[view_id] -= 1
        key = f"{one.what}:{view_id}:{now.get(view_id, 0) - more[view_id]}"
        tell(told, one.token, key, one.type, one.content_id, one.props)
    told.tell()
    return [None] * len(items)


def outside(content: Content) -> list[str]:
    """The outside addresses of a page, in the order that its click numbers count: buttons, then article links."""
    found = [cta.url for _, cta in ctas(content.body) if cta.url]
    if isinstance(content.body, ArticleBody):
        found += html.addresses(content.body.html)
    return found
