"""Forms are sent: the submission, the identities it names, the event, the consent. Over groups of requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from siyu.content.bodies import FormBody
from siyu.content.reading import forms, people, store
from siyu.content.reading.actions import outside, tell, tell_started, told_of
from siyu.content.reading.opening import answers_known, target
from siyu.content.reading.pages import Maker
from siyu.content.reading.shelf import DeadLink, Shelf
from siyu.content.reading.visitor import ViewToken, Visitor, Who
from siyu.content.reading.words import Language
from siyu.content.types import Content
from siyu.customers import actions as customers
from siyu.customers.types import ANONYMOUS, EXCLUSIVE, BadAttribute, BadIdentity, Identity, Record, Touch
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of

MOST = 5
"""Different answers that one view may send: corrections, not floods."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A browser sends the form of a view, from the page of a link ``code``. ``raw``: what was typed, by field name.

    ``visitor``: the browser that posts; when it is not the one that opened the page, nobody is known by the token.
    """

    code: str
    token: ViewToken
    visitor: Visitor | None
    raw: Mapping[str, Sequence[str]]
    words: Language

    @property
    def own(self) -> Visitor | None:
        """The browser, if it is the one that opened the page."""
        return self.visitor if self.visitor is not None and self.visitor.number == self.token.number else None


@dataclass(frozen=True, slots=True)
class Sent:
    """``html``: the page again, with ``faults`` (field name -> fault code); else the form was taken (``again``: not the
    first time), and is about ``who`` (None: nobody is known)."""

    faults: Mapping[str, str]
    html: str = ""
    again: bool = False
    who: Who | None = None


@dataclass(slots=True, eq=False)
class _Form:
    """An item on its way."""

    item: Sending
    row: Any
    page: Content
    form: Content
    known: Mapping[str, str]
    said: forms.Answers
    who: Who | None = None
    again: bool = False

    @property
    def body(self) -> FormBody:
        """The form."""
        assert isinstance(self.form.body, FormBody)
        return self.form.body

    @property
    def key(self) -> tuple[int, str]:
        """What makes the answers the same as before."""
        return self.item.token.view_id, self.said.digest()

    @property
    def taken(self) -> bool:
        """Whether the answers are to be written."""
        return not self.again and not self.said.faults

    @property
    def attributes(self) -> dict[str, object]:
        """What the answers say about attributes."""
        return forms.attributes(self.body, self.said.values)

    def refuse(self, faults: Mapping[str, str]) -> None:
        """It is not taken after all."""
        self.said = forms.Answers({}, faults, ())


def submit(ctx: Ctx, items: Sequence[Sending]) -> list[Sent | DeadLink]:
    """Take form answers. The same answers from the same view count once.

    DeadLink for a view that has no form. A fault writes nothing but its count.
    """
    results: dict[int, Sent | DeadLink] = {}
    shelf = Shelf(ctx)
    waiting = dict(enumerate(items))
    while waiting:  # each view once in a round: its second answers must see the first
        views: dict[int, int] = {}
        for place, item in waiting.items():
            views.setdefault(item.token.view_id, place)
        round_ = {place: waiting.pop(place) for place in views.values()}
        results |= _round(ctx, shelf, round_)
    return [results[place] for place in range(len(items))]


def _round(ctx: Ctx, shelf: Shelf, items: Mapping[int, Sending]) -> dict[int, Sent | DeadLink]:
    rows = store.views(ctx, [item.token.view_id for item in items.values()], lock=True)
    results: dict[int, Sent | DeadLink] = {}
    found: dict[int, tuple[Any, Content, Content]] = {}
    for place, item in items.items():
        row = rows.get(item.token.view_id)
        try:
            if row is None or row.form_id is None:
                raise DeadLink("this view has no form")
            form = shelf.content(row.form_id, row.form_version)
            page = form if row.content_id == row.form_id else shelf.content(row.content_id, row.version)
            found[place] = row, page, form
        except DeadLink as error:
            results[place] = error
    taken = _read(ctx, items, found)
    _deduplicate(ctx, list(taken.values()))
    _identify(ctx, [one for one in taken.values() if one.taken])
    _write(ctx, list(taken.values()))
    for place, one in taken.items():
        html = _again(shelf, one) if one.said.faults else ""
        results[place] = Sent(one.said.faults, html, one.again, one.who)
    return results


def _again(shelf: Shelf, one: _Form) -> str:
    """The page with its faults."""
    account_id = target(shelf, one.item.code).link.account_id
    maker = Maker(shelf, one.item.words, one.item.code, one.item.token, account_id)
    return maker.page(one.page, one.form, one.known, one.item.raw, one.said.faults)


def _read(
    ctx: Ctx, items: Mapping[int, Sending], found: Mapping[int, tuple[Any, Content, Content]]
) -> dict[int, _Form]:
    answers = answers_known(ctx, [(form, items[place].token) for place, (_, _, form) in found.items()])
    taken: dict[int, _Form] = {}
    for place, (row, page, form) in found.items():
        item, body = items[place], form.body
        assert isinstance(body, FormBody)
        known = answers(form, item.token) if item.own else {}
        said = forms.answers(body, form.version, item.raw, known)
        if not said.faults and not said.values and not said.consents:
            said = forms.Answers({}, {body.fields[0].name: "empty"}, ())
        taken[place] = _Form(item, row, page, form, known, said)
    return taken


def _deduplicate(ctx: Ctx, taken: Sequence[_Form]) -> None:
    wanted = [one.key for one in taken if one.taken]
    new = store.new_submissions(ctx, wanted) if wanted else set()
    for one in taken:
        one.again = one.taken and one.key not in new
    often = [one for one in taken if one.taken and one.row.submissions >= MOST]
    if often:
        store.forget_submissions(ctx, [one.key for one in often])
    for one in often:
        one.refuse({one.body.fields[0].name: "often"})


def _identify(ctx: Ctx, taken: Sequence[_Form]) -> None:
    """Whom the answers are about: the openid that OAuth proved, else the phone or email typed, else the customer whose
    form was sent from this browser; nobody when there is none of these. A personal link alone proves nothing."""
    records: list[Record] = []
    meant: list[_Form] = []
    returning: list[_Form] = []
    for one in taken:
        record = _record(ctx, one)
        if record is not None:
            records.append(record)
            meant.append(one)
        elif one.item.token.customer_id and not one.item.token.assumed and one.item.own:
            one.who = Who(one.item.token.customer_id, one.item.token.origin_id)
            returning.append(one)
    try:
        people_meant = customers.recognise(ctx, records)
        _set(ctx, returning)
    except (BadAttribute, BadIdentity) as error:
        if len(taken) > 1:
            raise  # the group is taken apart, and this answer comes back alone
        store.forget_submissions(ctx, [taken[0].key])
        taken[0].who = None
        taken[0].refuse(_refused(taken[0].body, error))
        return
    for one, person in zip(meant, people_meant, strict=True):
        one.who = Who(person.customer_id, person.origin_id)


def _set(ctx: Ctx, taken: Sequence[_Form]) -> None:
    """Attributes that people typed who named no identity, in browsers that have sent a form before."""
    by_form: dict[int, list[tuple[int, str, object]]] = {}
    for one in taken:
        assert one.who is not None
        rows = [(one.who.customer_id, name, value) for name, value in one.attributes.items()]
        by_form.setdefault(one.form.content_id, []).extend(rows)
    for content_id, rows in by_form.items():  # set-loop: one call per form
        if rows:
            customers.set_attribute_rows(ctx, rows, f"form:{content_id}")


def _record(ctx: Ctx, one: _Form) -> Record | None:
    """What the answers say about a person; None when they name no identity."""
    item, visitor = one.item, one.item.own
    identities = _proven(visitor, item.token)
    identities += [Identity(kind, value) for kind, value in forms.weak(one.body, one.said.values)]
    if not identities:
        return None
    if visitor is not None:
        identities.append(Identity(ANONYMOUS, visitor.anonymous_id))
    return Record(
        source=f"form:{one.form.content_id}",
        key=f"{item.token.view_id}:{one.said.digest()}",
        identities=tuple(identities),
        seen_at=ctx.now,
        attributes=one.attributes,
        touch=people.touch_of(one.row.touch) if one.row.touch else Touch("form", one.form.key),
    )


def _refused(form: FormBody, error: BadAttribute | BadIdentity) -> dict[str, str]:
    """The fault on the page for a value that customers does not take (it names ``records.0.attributes.<name>``)."""
    name = (error.field or "").rpartition(".")[2]
    for field in form.fields:
        if field.maps_to == name or (isinstance(error, BadIdentity) and field.maps_to in ("phone", "email")):
            return {
                field.name: {"phone": "phone", "email": "email", "number": "number", "date": "date"}.get(
                    field.type, "option"
                )
            }
    raise error


def _proven(visitor: Visitor | None, token: ViewToken) -> list[Identity]:
    """Who OAuth said sits at this browser: to the link's account if it was asked, else to any."""
    said = {} if visitor is None else visitor.proven
    usable = {account_id: one for account_id, one in said.items() if one.kind in EXCLUSIVE}
    if not usable:
        return []
    return [usable[token.account_id] if token.account_id in usable else usable[min(usable)]]


def _write(ctx: Ctx, handled: Sequence[_Form]) -> None:
    """Submissions, faults, what is told of them, and consents."""
    told = told_of(ctx)
    started = {
        one.row.view_id: one.body.fields[0].name
        for one in handled
        if not one.again and not one.row.started and one.item.own
    }
    if started:
        store.touch_fields(ctx, started)
    for one in handled:
        if one.row.view_id in started:
            tell_started(told, one.item.token, one.form.content_id)
    faults: dict[tuple[int, str, str], int] = {}
    for one in handled:
        for name, fault in one.said.faults.items():
            key = (one.form.content_id, name, fault)
            faults[key] = faults.get(key, 0) + 1
    if faults:
        store.count_faults(ctx, faults)
    taken = [one for one in handled if one.taken]
    if taken:
        ids = store.add_submissions(ctx, [_submission(one) for one in taken])
        for one, submission_id in zip(taken, ids, strict=True):
            _tell(told, one, submission_id)
        _consents(ctx, taken)
    told.tell()


def _submission(one: _Form) -> dict[str, Any]:
    return {
        "customer_id": one.who.customer_id if one.who else 0,
        "origin_id": one.who.origin_id if one.who else 0,
        "content_id": one.form.content_id,
        "version": one.form.version,
        "view_id": one.item.token.view_id,
        "link_id": one.row.link_id,
        "answers": dict(one.said.values),
        "mapped": {**one.attributes, **dict(forms.weak(one.body, one.said.values))},
        "consents": list(one.said.consents),
    }


def _tell(told: people.Told, one: _Form, submission_id: int) -> None:
    props = {
        **forms.told(one.body, one.said.values),
        "submission_id": submission_id,
        "link_id": one.row.link_id,
        "view": one.item.token.view_id,
    }
    who = one.who or Who(0, 0)
    meant = replace(one.item.token, customer_id=who.customer_id, origin_id=who.origin_id)
    tell(told, meant, f"form:{submission_id}", "form_submitted", one.form.content_id, props)


def _consents(ctx: Ctx, taken: Sequence[_Form]) -> None:
    given: dict[tuple[str, str], set[int]] = {}
    for one in taken:
        if one.who is not None:
            for consent in one.said.consents:
                why = f"form:{one.form.content_id}:v{one.form.version}:{consent['field']}"
                given.setdefault((str(consent["purpose"]), why), set()).add(one.who.customer_id)
    for (purpose, why), ids in sorted(given.items()):  # set-loop: one call per consent field of a form
        if purpose == "profiling":
            customers.consent(ctx, ids_of(sorted(ids)), "profiling", given=True, why=why)
        elif purpose == "contact":
            customers.consent(ctx, ids_of(sorted(ids)), "contact", given=True, why=why)


@dataclass(frozen=True, slots=True)
class Thanking:
    """A browser asks for the page of thanks of a form that its view has sent."""

    code: str
    token: ViewToken
    again: bool
    words: Language


def thank(ctx: Ctx, items: Sequence[Thanking]) -> list[str | DeadLink]:
    """The pages of thanks; DeadLink for a view that has sent no form."""
    rows = store.views(ctx, [item.token.view_id for item in items])
    shelf = Shelf(ctx)
    results: list[str | DeadLink] = []
    for item in items:
        try:
            link = target(shelf, item.code).link
            row = rows.get(item.token.view_id)
            if row is None or row.form_id is None or not row.submissions:
                raise DeadLink("this view has sent no form")
            form = shelf.content(row.form_id, row.form_version)
            before = len(outside(shelf.content(row.content_id, row.version))) if row.content_id != row.form_id else 0
        except DeadLink as error:
            results.append(error)
            continue
        maker = Maker(shelf, item.words, item.code, item.token, link.account_id)
        results.append(maker.done(form, item.again, before))
    return results
