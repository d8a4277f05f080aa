"""A form was sent: the submission, the identities it names, the event, the consent. One transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from siyu.content import queries
from siyu.content.bodies import FormBody
from siyu.content.reading import forms, people, store
from siyu.content.reading.actions import DeadLink, known_answers, tell_started
from siyu.content.reading.visitor import ViewToken, Visitor, Who
from siyu.content.types import Content
from siyu.customers import actions as customers
from siyu.customers.types import ANONYMOUS, BadAttribute, BadIdentity, Identity, Record, Touch
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, lock

MOST = 5
"""Different answers that one view may send: corrections, not floods."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """``faults``: field name -> fault code; when there are none, the form was taken (``again``: not the first time)."""

    page: Content
    form: Content
    faults: Mapping[str, str]
    again: bool
    known: Mapping[str, str]
    who: Who | None = None


def submit(ctx: Ctx, token: ViewToken, visitor: Visitor | None, raw: Mapping[str, Sequence[str]]) -> Submitted:
    """Take a form answer. The same answers from the same view count once.

    ``visitor``: the browser that posts; when it is not the one that opened the page, nobody is known by the token.
    Raises DeadLink for a view that has no form. A fault writes nothing but its count.
    """
    lock(ctx, f"content.view:{token.view_id}")
    row = store.view_row(ctx, token.view_id)
    if row is None or row.form_id is None:
        raise DeadLink("this view has no form")
    form = queries.content(ctx, row.form_id, version=row.form_version)
    page = form if row.content_id == row.form_id else queries.content(ctx, row.content_id, version=row.version)
    assert isinstance(form.body, FormBody)
    own = visitor is not None and visitor.number == token.number
    known = known_answers(ctx, form, token) if own else {}
    said = forms.answers(form.body, form.version, raw, known)
    if not said.faults and not said.values and not said.consents:
        said = forms.Answers({}, {form.body.fields[0].name: "empty"}, ())
    if not said.faults and not store.new_submission(ctx, token.view_id, said.digest()):
        return Submitted(page, form, {}, True, known)
    if not said.faults and row.submissions >= MOST:
        store.forget_submission(ctx, token.view_id, said.digest())
        said = forms.Answers({}, {form.body.fields[0].name: "often"}, ())
    who = None
    if not said.faults:
        try:
            who = _identified(ctx, token, visitor if own else None, form, said, row.touch)
        except (BadAttribute, BadIdentity) as error:
            store.forget_submission(ctx, token.view_id, said.digest())
            said = forms.Answers({}, _refused(form.body, error), ())
    # Only now: who writes events and then waits for identities would block those who do it the other way round.
    if not row.started and own:
        store.touch_field(ctx, token.view_id, form.body.fields[0].name)
        tell_started(ctx, token, form.content_id)
    if said.faults:
        store.count_faults(ctx, form.content_id, said.faults)
        return Submitted(page, form, said.faults, False, known)
    mapped = {**forms.attributes(form.body, said.values), **dict(forms.weak(form.body, said.values))}
    submission_id = store.add_submission(
        ctx,
        customer_id=who.customer_id if who else 0,
        origin_id=who.origin_id if who else 0,
        content_id=form.content_id,
        version=form.version,
        view_id=token.view_id,
        link_id=row.link_id,
        answers=dict(said.values),
        mapped=mapped,
        consents=list(said.consents),
    )
    _tell(ctx, token, form, said, who, submission_id, row.link_id)
    return Submitted(page, form, {}, False, known, who)


def _identified(
    ctx: Ctx,
    token: ViewToken,
    visitor: Visitor | None,
    form: Content,
    said: forms.Answers,
    touch: Mapping[str, str] | None,
) -> Who | None:
    """Whom the answers are about: the openid that OAuth proved, else the phone or email typed, else the owner of the
    personal link; None when there is none of these."""
    assert isinstance(form.body, FormBody)
    identities = _proven(visitor, token)
    identities += [Identity(kind, value) for kind, value in forms.weak(form.body, said.values)]
    attributes = forms.attributes(form.body, said.values)
    if not identities:
        if not token.customer_id or visitor is None:
            return None
        who = Who(token.customer_id, token.origin_id)
        if attributes:
            customers.set_attributes(ctx, ids_of([who.customer_id]), attributes, why=f"form:{form.content_id}")
        return who
    if visitor is not None:
        identities.append(Identity(ANONYMOUS, visitor.anonymous_id))
    arrived = people.touch_of(touch) if touch else Touch("form", form.key)
    record = Record(
        source=f"form:{form.content_id}",
        key=f"{token.view_id}:{said.digest()}",
        identities=tuple(identities),
        seen_at=ctx.now,
        attributes=attributes,
        touch=arrived,
    )
    (person,) = customers.recognise(ctx, [record])
    return Who(person.customer_id, person.origin_id)


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
    """The openid that this browser proved by OAuth: of the link's account if it has one, else of any."""
    if visitor is None or not visitor.openids:
        return []
    account_id = token.account_id if token.account_id in visitor.openids else min(visitor.openids)
    return [people.openid_identity(account_id, visitor.openids[account_id])]


def _tell(
    ctx: Ctx, token: ViewToken, form: Content, said: forms.Answers, who: Who | None, submission_id: int, link_id: int
) -> None:
    assert isinstance(form.body, FormBody)
    props = {
        **forms.told(form.body, said.values),
        "submission_id": submission_id,
        "link_id": link_id,
        "view": token.view_id,
    }
    key = f"form:{submission_id}"
    if who is None:
        people.aside(ctx, token.number.hex(), key, "form_submitted", form.content_id, props)
        return
    customers.record(ctx, [people.happened(ctx, who, key, "form_submitted", form.content_id, props)])
    for consent in said.consents:  # set-loop: at most one per consent field of a form
        why = f"form:{form.content_id}:v{form.version}:{consent['field']}"
        if consent["purpose"] == "profiling":
            customers.consent(ctx, ids_of([who.customer_id]), "profiling", given=True, why=why)
        elif consent["purpose"] == "contact":
            customers.consent(ctx, ids_of([who.customer_id]), "contact", given=True, why=why)
