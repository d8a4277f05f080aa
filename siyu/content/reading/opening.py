"""Links are opened: a page for whoever reads, or the outside address it wraps. Over groups of requests."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from siyu.content.bodies import FormBody, LinkBody
from siyu.content.reading import people, silent, store
from siyu.content.reading.actions import told_of
from siyu.content.reading.pages import Maker
from siyu.content.reading.shelf import DeadLink, Shelf
from siyu.content.reading.visitor import Reader, ViewToken, Visitor, reader
from siyu.content.reading.words import Language
from siyu.content.types import Content, Link
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import text_fault

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "channel")


@dataclass(frozen=True, slots=True)
class Opening:
    """A browser asks for a link code. ``visitor`` None: a machine, shown the page but counted nowhere."""

    code: str
    visitor: Visitor | None
    wechat: bool
    parameters: Mapping[str, str]
    words: Language


@dataclass(frozen=True, slots=True)
class Shown:
    """What the browser gets: a page, an address to go to (``html`` empty), or with ``asks`` the address of silent
    OAuth, which comes back to the same link."""

    html: str
    address: str = ""
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where a code leads: the link, its owner (0: shared), what it shows, and the form on the page."""

    link: Link
    owner: int
    content: Content
    form: Content | None


@dataclass(slots=True)
class _Open:
    """An item on its way: where it leads, who reads, what its view is."""

    item: Opening
    visitor: Visitor
    target: Target
    who: Reader
    touch: Mapping[str, str]

    @property
    def number(self) -> bytes:
        """The reader's number at this content."""
        return self.visitor.reader(self.target.content.content_id)


def target(shelf: Shelf, code: str) -> Target:
    """What a link code leads to; raises DeadLink."""
    link, owner = shelf.link(code)
    content = shelf.content(link.content_id)
    return Target(link, owner, content, shelf.form_of(content))


def open_links(ctx: Ctx, items: Sequence[Opening]) -> list[Shown | DeadLink]:
    """Show what the codes lead to. Inside WeChat the reader is asked for silently first.

    A view is counted, and always recorded are ``link_clicked`` of a known reader and ``forwarded`` of a personal
    link's owner when another reader comes for the first time. Only with profiling consent: ``content_viewed``. A view
    holds no customer.
    """
    shelf, asking = Shelf(ctx), silent.Accounts(ctx)
    results: dict[int, Shown | DeadLink] = {}
    waiting: dict[int, tuple[Visitor, Target]] = {}
    askable: set[int] = set()
    for place, item in enumerate(items):
        try:
            found = target(shelf, item.code)
            if item.visitor is None:
                results[place] = _shown(shelf, item, found, None, {})
            elif item.wechat and (asks := asking.address(item.visitor, found.link.account_id, item.code)):
                results[place] = Shown("", asks, asks=True)
            else:
                waiting[place] = item.visitor, found
                if item.wechat and asking.account(found.link.account_id) is not None:
                    askable.add(place)
        except DeadLink as error:
            results[place] = error
    if waiting:
        opens = _recognised(ctx, items, waiting, askable)
        views = _counted(ctx, list(opens.values()))
        results |= _pages(ctx, shelf, opens, dict(zip(opens, views, strict=True)))
    return [results[place] for place in range(len(items))]


def _recognised(
    ctx: Ctx, items: Sequence[Opening], waiting: Mapping[int, tuple[Visitor, Target]], askable: Container[int]
) -> dict[int, _Open]:
    touches = {place: _touch(items[place].parameters) for place in waiting}
    browsers = [visitor for visitor, _ in waiting.values()]
    origins = [found.owner for _, found in waiting.values()]
    known = people.known(ctx, browsers, origins)
    if any(touches.values()):
        people.arrived(ctx, known, [(waiting[place][0], touch) for place, touch in touches.items() if touch])
    return {
        place: _Open(
            items[place],
            visitor,
            found,
            reader(
                known.origins.get(found.owner),
                *known.recognised(visitor, found.link.account_id),
                askable=place in askable,
            ),
            touches[place],
        )
        for place, (visitor, found) in waiting.items()
    }


def _touch(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: parameters[name][:200] for name in UTM if parameters.get(name) and not text_fault(parameters[name])}


def _counted(ctx: Ctx, opens: Sequence[_Open]) -> list[int]:
    forwards = [(one.target.link.link_id, one.number) for one in opens if one.who.forward]
    before = store.seen_before(ctx, forwards) if forwards else set()
    views = store.add_views(
        ctx,
        [
            {
                "content_id": one.target.content.content_id,
                "version": one.target.content.version,
                "form_id": one.target.form.content_id if one.target.form else None,
                "form_version": one.target.form.version if one.target.form else None,
                "link_id": one.target.link.link_id,
                "reader": one.number,
                "known": one.who.who is not None,
                "forward": one.who.forward,
                "wechat": one.item.wechat,
                "touch": dict(one.touch) or None,
            }
            for one in opens
        ],
    )
    told = told_of(ctx)
    for one, view_id in zip(opens, views, strict=True):
        first = (one.target.link.link_id, one.number) not in before
        before.add((one.target.link.link_id, one.number))
        _tell(told, one, view_id, first=first)
    told.tell()
    return views


def _tell(told: people.Told, one: _Open, view_id: int, *, first: bool) -> None:
    content_id, link_id, who = one.target.content.content_id, one.target.link.link_id, one.who
    props: dict[str, object] = {"link_id": link_id, "view": view_id, **one.touch}
    if who.forward:
        props["forward"] = True
    if who.who is None:
        told.aside(one.visitor.anonymous_id, f"view:{view_id}", "content_viewed", content_id, props)
    else:
        told.of(who.who, f"click:{view_id}", "link_clicked", content_id, props)
        if who.who.profiling:
            told.of(who.who, f"view:{view_id}", "content_viewed", content_id, props)
    if who.forward and first and who.owner:
        forwarded = {"link_id": link_id, "view": view_id}
        told.of(who.owner, f"forward:{view_id}", "forwarded", content_id, forwarded)


def _pages(ctx: Ctx, shelf: Shelf, opens: Mapping[int, _Open], views: Mapping[int, int]) -> dict[int, Shown | DeadLink]:
    tokens = {place: _token(one, views[place]) for place, one in opens.items()}
    answers = answers_known(ctx, [(opens[place].target.form, token) for place, token in tokens.items()])
    results: dict[int, Shown | DeadLink] = {}
    for place, one in opens.items():
        token = tokens[place]
        results[place] = _shown(shelf, one.item, one.target, token, answers(one.target.form, token))
    return results


def _token(one: _Open, view_id: int) -> ViewToken:
    who = one.who.who
    return ViewToken(
        view_id=view_id,
        customer_id=who.customer_id if who else 0,
        origin_id=who.origin_id if who else 0,
        certain=one.who.certain,
        profiling=who is not None and who.profiling,
        personal=one.who.owner is not None and not one.who.forward,
        account_id=one.target.link.account_id or 0,
        number=one.visitor.number,
        assumed=one.who.assumed,
    )


def _shown(shelf: Shelf, item: Opening, found: Target, token: ViewToken | None, known: Mapping[str, str]) -> Shown:
    if isinstance(found.content.body, LinkBody):
        return Shown("", found.content.body.url)
    maker = Maker(shelf, item.words, item.code, token, found.link.account_id)
    return Shown(maker.page(found.content, found.form, known))


def answers_known(
    ctx: Ctx, views: Sequence[tuple[Content | None, ViewToken]]
) -> Callable[[Content | None, ViewToken], dict[str, str]]:
    """Look up what may prefill the forms of these views: values that the very person proven by OAuth gave before, by
    field name.

    Only the same origin's own answers count: whatever was joined by a typed phone stays unseen.
    """
    wanted = [(token.customer_id, token.origin_id) for form, token in views if form is not None and token.certain]
    given = store.answers_of(ctx, wanted) if wanted else {}

    def known(form: Content | None, token: ViewToken) -> dict[str, str]:
        if form is None or not token.certain or not isinstance(form.body, FormBody):
            return {}
        by_target: dict[str, str] = {}
        by_name: dict[str, str] = {}
        for row in given.get((token.customer_id, token.origin_id), ()):
            for name, value in row.mapped.items():
                by_target.setdefault(name, str(value))
            if row.content_id == form.content_id:
                for name, value in row.answers.items():
                    if not isinstance(value, list):
                        by_name.setdefault(name, str(value))
        found = {
            field.name: by_target.get(field.maps_to or "") or by_name.get(field.name) for field in form.body.fields
        }
        return {name: value for name, value in found.items() if value}

    return known
