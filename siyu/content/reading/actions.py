"""Every write of reading: a page was opened, read, clicked; a form was touched."""

from collections.abc import Mapping
from dataclasses import dataclass

from siyu.content import codes, html, queries
from siyu.content.bodies import ArticleBody, EmbeddedForm, FormBody, LandingBody, ctas
from siyu.content.reading import people, store
from siyu.content.reading.visitor import Reader, ViewToken, Visitor, Who, reader
from siyu.content.types import Content, Link, NoSuchContent, NotPublished
from siyu.customers import actions as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import NotFound
from siyu.kernel.text import text_fault

LONGEST_PAGE = 30 * 60 * 1000
"""Milliseconds of one page in one view that are believed."""

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "channel")


class DeadLink(NotFound):
    """The link was not made here, or what it led to is gone."""

    code = "dead_link"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a code leads: the link, its owner (None: shared), what it shows, and the form on the page."""

    link: Link
    owner: Who | None
    content: Content
    form: Content | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that was opened. ``token`` is None for machines, whose visits do not count. ``known``: field name ->
    value that may prefill the form."""

    target: Target
    token: ViewToken | None
    known: Mapping[str, str]


def target(ctx: Ctx, code: str) -> Target:
    """What a link code leads to; raises DeadLink."""
    try:
        link_id, customer_id = codes.read(code)
    except ValueError:
        raise DeadLink("this link was not made here") from None
    link = queries.link(ctx, link_id)
    if link is None:
        raise DeadLink("this link leads nowhere any more")
    try:
        content = queries.content(ctx, link.content_id, published=True)
        form = form_of(ctx, content)
    except (NoSuchContent, NotPublished):
        raise DeadLink("what this link led to is not published") from None
    return Target(link, people.owner(ctx, customer_id) if customer_id else None, content, form)


def form_of(ctx: Ctx, content: Content) -> Content | None:
    """The form that a page shows: itself, or the one embedded in a landing page (its published version)."""
    if isinstance(content.body, FormBody):
        return content
    if isinstance(content.body, LandingBody):
        for block in content.body.blocks:
            if isinstance(block, EmbeddedForm):
                return queries.content(ctx, block.form, published=True)
    return None


def open_page(ctx: Ctx, found: Target, visitor: Visitor, *, wechat: bool, parameters: Mapping[str, str]) -> Opened:
    """Count a view and record what it says about the people concerned.

    Always recorded: ``link_clicked`` of a known reader, ``forwarded`` of a personal link's owner when another reader
    comes for the first time. Only with profiling consent: ``content_viewed``. A view holds no customer.
    """
    content, link = found.content, found.link
    touch = {name: parameters[name][:200] for name in UTM if parameters.get(name) and not text_fault(parameters[name])}
    if touch:
        people.arrived(ctx, visitor, touch)
    proven, stranger, recognised = people.recognise(ctx, visitor, link.account_id)
    who = reader(found.owner, proven, stranger, recognised)
    number = visitor.reader(content.content_id)
    first = not store.seen_before(ctx, link.link_id, number) if who.forward else True
    view_id = store.add_view(
        ctx,
        content_id=content.content_id,
        version=content.version,
        form_id=found.form.content_id if found.form else None,
        form_version=found.form.version if found.form else None,
        link_id=link.link_id,
        reader=number,
        known=who.who is not None,
        forward=who.forward,
        wechat=wechat,
        touch=touch or None,
        last_field=None,
    )
    profiling = who.who is not None and people.profiling(ctx, who.who.customer_id)
    _tell_opened(ctx, found, who, visitor, view_id, profiling=profiling, first=first, touch=touch)
    token = ViewToken(
        view_id=view_id,
        customer_id=who.who.customer_id if who.who else 0,
        origin_id=who.who.origin_id if who.who else 0,
        certain=who.certain,
        profiling=profiling,
        personal=found.owner is not None and not who.forward,
        account_id=link.account_id or 0,
        number=visitor.number,
    )
    return Opened(found, token, known_answers(ctx, found.form, token))


def _tell_opened(
    ctx: Ctx,
    found: Target,
    who: Reader,
    visitor: Visitor,
    view_id: int,
    *,
    profiling: bool,
    first: bool,
    touch: Mapping[str, str],
) -> None:
    content_id, link_id = found.content.content_id, found.link.link_id
    props: dict[str, object] = {"link_id": link_id, "view": view_id, **touch}
    if who.forward:
        props["forward"] = True
    events = []
    if who.who:
        events.append(people.happened(ctx, who.who, f"click:{view_id}", "link_clicked", content_id, props))
        if profiling:
            events.append(people.happened(ctx, who.who, f"view:{view_id}", "content_viewed", content_id, props))
    if who.forward and first and found.owner:
        forwarded = {"link_id": link_id, "view": view_id}
        events.append(people.happened(ctx, found.owner, f"forward:{view_id}", "forwarded", content_id, forwarded))
    if events:
        customers.record(ctx, events)
    if who.who is None:
        people.aside(ctx, visitor.anonymous_id, f"view:{view_id}", "content_viewed", content_id, props)


def known_answers(ctx: Ctx, form: Content | None, token: ViewToken | None) -> dict[str, str]:
    """What may prefill a form: values that the very person proven by OAuth gave before, by field name.

    Only the same origin's own answers count: whatever was joined by a typed phone stays unseen.
    """
    if form is None or token is None or not token.certain or not isinstance(form.body, FormBody):
        return {}
    by_target: dict[str, str] = {}
    by_name: dict[str, str] = {}
    for row in store.answers_of(ctx, token.customer_id, token.origin_id):
        for name, value in row.mapped.items():
            by_target.setdefault(name, str(value))
        if row.content_id == form.content_id:
            for name, value in row.answers.items():
                if not isinstance(value, list):
                    by_name.setdefault(name, str(value))
    known = {}
    for field in form.body.fields:
        value = by_target.get(field.maps_to) if field.maps_to else None
        if value := value or by_name.get(field.name):
            known[field.name] = value
    return known


def read_page(ctx: Ctx, token: ViewToken, page: int, ms: int) -> None:
    """A page of a view has been read for ``ms`` milliseconds in all so far; raises DeadLink for an unknown view.

    Tied to the person only with profiling consent; repeated or late beacons add nothing.
    """
    row = store.view_row(ctx, token.view_id)
    if row is None:
        raise DeadLink("this view does not exist")
    ms = min(ms, LONGEST_PAGE)
    gained = store.read_page(ctx, token.view_id, row.content_id, page, ms)
    if not gained:
        return
    key = f"read:{token.view_id}:{page}:{ms}"
    props: dict[str, object] = {"page": page, "ms": gained, "view": token.view_id}
    if token.customer_id and token.profiling:
        who = Who(token.customer_id, token.origin_id)
        customers.record(ctx, [people.happened(ctx, who, key, "page_read", row.content_id, props)])
    elif not token.customer_id:
        people.aside(ctx, token.number.hex(), key, "page_read", row.content_id, props)


def touch_field(ctx: Ctx, token: ViewToken, field: str) -> None:
    """A form field was touched; the first one starts the form. Unknown names are refused with DeadLink."""
    row = store.view_row(ctx, token.view_id)
    form = queries.content(ctx, row.form_id, version=row.form_version) if row and row.form_id else None
    if row is None or form is None or not isinstance(form.body, FormBody):
        raise DeadLink("this view has no form")
    if field not in {one.name for one in form.body.fields}:
        raise DeadLink("the form has no such field")
    if store.touch_field(ctx, token.view_id, field):
        tell_started(ctx, token, form.content_id)


def tell_started(ctx: Ctx, token: ViewToken, form_id: int) -> None:
    """Record ``form_started`` for a known person, or aside for a browser."""
    key, props = f"start:{token.view_id}", {"view": token.view_id}
    if token.customer_id:
        who = Who(token.customer_id, token.origin_id)
        customers.record(ctx, [people.happened(ctx, who, key, "form_started", form_id, props)])
    else:
        people.aside(ctx, token.number.hex(), key, "form_started", form_id, props)


def click_away(ctx: Ctx, token: ViewToken, number: int) -> str:
    """Count a click on the page's n-th outside address and return it; raises DeadLink."""
    row = store.view_row(ctx, token.view_id)
    if row is None:
        raise DeadLink("this view does not exist")
    content = queries.content(ctx, row.content_id, version=row.version)
    form = (
        queries.content(ctx, row.form_id, version=row.form_version)
        if row.form_id and row.form_id != row.content_id
        else None
    )
    addresses = outside(content) + (outside(form) if form else [])
    if not 0 <= number < len(addresses):
        raise DeadLink("the page has no such address")
    clicked(
        ctx,
        token,
        content.content_id,
        {"link_id": row.link_id, "view": token.view_id, "url": addresses[number]},
        f"away:{number}",
    )
    return addresses[number]


def clicked(
    ctx: Ctx, token: ViewToken, content_id: int, props: Mapping[str, object], what: str, type: str = "link_clicked"
) -> None:
    """Count a click inside a page, and tell the timeline of a known person."""
    key = f"{what}:{token.view_id}:{store.count_click(ctx, token.view_id)}"
    if token.customer_id:
        who = Who(token.customer_id, token.origin_id)
        customers.record(ctx, [people.happened(ctx, who, key, type, content_id, props)])
    else:
        people.aside(ctx, token.number.hex(), key, type, content_id, props)


def submitted(ctx: Ctx, token: ViewToken) -> tuple[Content, Content]:
    """(page, form) of a view that has sent its form; raises DeadLink."""
    row = store.view_row(ctx, token.view_id)
    if row is None or row.form_id is None or not row.submissions:
        raise DeadLink("this view has sent no form")
    form = queries.content(ctx, row.form_id, version=row.form_version)
    page = form if row.content_id == row.form_id else queries.content(ctx, row.content_id, version=row.version)
    return page, form


def outside(content: Content) -> list[str]:
    """The outside addresses of a page, in the order that its click numbers count: buttons, then article links."""
    found = [cta.url for _, cta in ctas(content.body) if cta.url]
    if isinstance(content.body, ArticleBody):
        found += html.addresses(content.body.html)
    return found
