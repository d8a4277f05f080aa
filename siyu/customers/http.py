"""Private: customers over HTTP. Personal data is masked; seeing it clear needs ``customers.phones`` and is audited."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import select

from siyu.customers import actions, batch, bodies, inputs, queries
from siyu.customers.inputs import Id
from siyu.customers.types import (
    AttributeTaken,
    BadAttribute,
    BadDecision,
    BatchFault,
    EventConflict,
    Identity,
    NewEvent,
    NewOrder,
    OrderConflict,
    Record,
    UnknownAttribute,
    UnknownCase,
    UnknownCustomer,
    UnknownDecision,
)
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import BadText, BadTime, Forbidden
from siyu.kernel.http import ApiRoute, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.text import CleanText

router = APIRouter(prefix="/api/customers", tags=["customers"], route_class=ApiRoute)

Read = Annotated[Ctx, requires("customers.read")]
Write = Annotated[Ctx, requires("customers.write")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
Clear = Annotated[bool, Query(description="show phones and emails; needs customers.phones and is audited")]
PHONES = "customers.phones"


def _clear(ctx: Ctx, wanted: bool, what: str, object_id: object) -> bool:
    """Whether to show personal data clear; asking for it without the permission is an error, seeing it is audited."""
    if wanted:
        ctx.require(PHONES)
        audit.record(ctx, "customers.read_clear", "customer", object_id, what=what)
    return wanted


@router.get("", responses=raises(BadCursor, BadText, Forbidden))
def list_customers(
    ctx: Read,
    q: Annotated[CleanText, Query(max_length=64, description="name, company, pinyin, initials, end of a phone")] = "",
    region: Annotated[CleanText | None, Query(max_length=64)] = None,
    company: Annotated[CleanText | None, Query(max_length=200)] = None,
    owner_id: Id | None = None,
    source_kind: Annotated[CleanText | None, Query(max_length=64)] = None,
    source_code: Annotated[CleanText | None, Query(max_length=256)] = None,
    account_id: Annotated[Id | None, Query(description="follows this account")] = None,
    opted_out: bool | None = None,
    sort: queries.Sort = queries.Sort.NAME,
    cursor: Cursor = None,
    limit: Limit = 50,
    clear: Clear = False,
) -> bodies.ListOut:
    """Customers that match, page by page."""
    wanted = queries.Filter(region, company, owner_id, source_kind, source_code, account_id, opted_out)
    page = queries.search(ctx, q, wanted, cursor, sort=sort, limit=limit)
    shown = _clear(ctx, clear, "list", ",".join(str(one.customer_id) for one in page.items))
    return bodies.ListOut(items=[bodies.ListedOut.of(one, shown) for one in page.items], next=page.next)


@router.post("", responses=raises(BatchFault))
def save_customers(body: inputs.CustomersIn, ctx: Write) -> bodies.SavedCustomers:
    """Take in customers of an outside system, all or none; repeating a batch changes nothing."""
    records = [
        Record(
            f"api:{body.source}",
            item.key,
            (*(one.known() for one in item.identities), Identity("crm_id", item.key, body.source)),
            item.seen_at or ctx.now,
            item.attributes,
        )
        for item in body.items
    ]
    found = batch.customers(ctx, records)
    pairs = zip(body.items, found, strict=True)
    return bodies.SavedCustomers(
        items=[bodies.SavedCustomer(key=item.key, customer_id=person.customer_id) for item, person in pairs]
    )


@router.post("/events", responses=raises(BatchFault, EventConflict))
def save_events(body: inputs.EventsIn, ctx: Write) -> bodies.Saved:
    """Record events, all or none; a repeated (source, key) is counted, not written."""
    source = f"api:{body.source}"
    items = [
        (one.whose(), NewEvent(source, one.key, one.type, one.occurred_at, 0, one.content_id, one.props))
        for one in body.items
    ]
    return bodies.Saved.model_validate(batch.events(ctx, items))


@router.post("/orders", responses=raises(BatchFault, OrderConflict))
def save_orders(body: inputs.OrdersIn, ctx: Write) -> bodies.Saved:
    """Take in orders, all or none; idempotent by (source, order_no)."""
    items = [
        (
            one.whose(),
            NewOrder(
                body.source,
                one.order_no,
                0,
                one.amount,
                one.currency,
                one.status,
                one.placed_at,
                one.changed_at or one.placed_at,
                one.lines,
            ),
        )
        for one in body.items
    ]
    return bodies.Saved.model_validate(batch.orders(ctx, items))


@router.get("/attributes")
def list_attributes(ctx: Read) -> list[bodies.DefinitionOut]:
    """Built-in attributes, then custom ones."""
    return [bodies.DefinitionOut.of(one) for one in queries.definitions(ctx)]


@router.put("/attributes/{name}", responses=raises(BadAttribute, AttributeTaken))
def define_attribute(name: CleanText, body: inputs.DefinitionIn, ctx: Write) -> bodies.DefinitionOut:
    """Define a custom attribute, or change its title, options and mode."""
    return bodies.DefinitionOut.of(actions.define_attribute(ctx, name, body.title, body.type, body.options, body.mode))


@router.get("/cases", responses=raises(BadCursor, Forbidden))
def list_cases(
    ctx: Read,
    state: Annotated[str, Query(pattern="^(open|same|different|resolved)$")] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
    clear: Clear = False,
) -> bodies.CasesOut:
    """Review cases: people that share an identity but contradict each other."""
    page = queries.cases(ctx, cursor, state=state, limit=limit)
    shown = _clear(ctx, clear, "cases", ",".join(str(one.case_id) for one in page.items))
    return bodies.CasesOut(items=[bodies.CaseOut.of(one, shown) for one in page.items], next=page.next)


@router.get("/cases/{case_id}", responses=raises(UnknownCase, Forbidden))
def get_case(case_id: Id, ctx: Read, clear: Clear = False) -> bodies.CaseOut:
    """One review case."""
    return bodies.CaseOut.of(queries.case(ctx, case_id), _clear(ctx, clear, "case", case_id))


@router.post("/cases/{case_id}/decision", responses=raises(UnknownCase, BadDecision))
def decide_case(case_id: Id, body: inputs.VerdictIn, ctx: Write) -> bodies.DecisionMade:
    """Say that the people of a case, or some of them, are the same or different."""
    return bodies.DecisionMade(decision_id=actions.decide(ctx, case_id, body.verdict, body.members))


@router.get("/decisions", responses=raises(BadCursor))
def list_decisions(
    ctx: Read, customer_id: Id | None = None, cursor: Cursor = None, limit: Limit = 50
) -> bodies.DecisionsOut:
    """What people decided, the latest first."""
    return bodies.DecisionsOut.model_validate(queries.decisions(ctx, cursor, customer_id=customer_id, limit=limit))


@router.delete("/decisions/{decision_id}", status_code=204, responses=raises(UnknownDecision))
def undo_decision(decision_id: Id, ctx: Write) -> None:
    """Take a decision back; its case opens again."""
    actions.undo(ctx, decision_id)


@router.post("/joins", responses=raises(UnknownCustomer, BadDecision))
def join_customers(body: inputs.JoinIn, ctx: Write) -> bodies.DecisionMade:
    """Say that customers are one person."""
    return bodies.DecisionMade(decision_id=actions.join(ctx, body.customer_ids))


@router.get("/{customer_id:int}", responses=raises(UnknownCustomer, Forbidden))
def get_customer(customer_id: Id, ctx: Read, clear: Clear = False) -> bodies.ProfileOut:
    """A customer, by any id that ever was theirs."""
    found = queries.profile(ctx, customer_id)
    shown = _clear(ctx, clear, "profile", found.customer_id)
    return bodies.ProfileOut.of(found, queries.provenance(ctx, found.customer_id), shown)


@router.get("/{customer_id:int}/timeline", responses=raises(UnknownCustomer, BadCursor, Forbidden))
def get_timeline(
    customer_id: Id,
    ctx: Read,
    type: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006 FastAPI copies defaults
    cursor: Cursor = None,
    limit: Limit = 50,
    clear: Clear = False,
) -> bodies.TimelineOut:
    """What happened to a customer, newest first."""
    home = queries.profile(ctx, customer_id).customer_id
    page = queries.timeline(ctx, home, cursor, types=type, limit=limit)
    shown = _clear(ctx, clear, "timeline", home)
    return bodies.TimelineOut(items=[bodies.EventOut.of(one, shown) for one in page.items], next=page.next)


@router.get("/{customer_id:int}/identities", responses=raises(UnknownCustomer, Forbidden))
def list_identities(customer_id: Id, ctx: Read, clear: Clear = False) -> list[bodies.KnownOut]:
    """The identities of a customer; `origin_id` groups what would part from the rest in a split."""
    shown = _clear(ctx, clear, "identities", customer_id)
    return [bodies.KnownOut.of(one, shown) for one in queries.identities(ctx, customer_id)]


@router.get("/{customer_id:int}/orders", responses=raises(UnknownCustomer))
def list_orders(customer_id: Id, ctx: Read) -> list[bodies.OrderOut]:
    """The orders of a customer, latest first."""
    home = queries.profile(ctx, customer_id).customer_id
    return [bodies.OrderOut.model_validate(one) for one in queries.orders_of(ctx, home)]


@router.patch(
    "/{customer_id:int}/attributes", responses=raises(UnknownCustomer, UnknownAttribute, BadAttribute, BadTime)
)
def edit_attributes(customer_id: Id, body: inputs.AttributesIn, ctx: Write) -> bodies.ProfileOut:
    """Set attributes by hand; they beat what sources say."""
    actions.set_attributes(ctx, ids_of([customer_id]), body.attributes, why=ctx.actor.label)
    found = queries.profile(ctx, customer_id)
    return bodies.ProfileOut.of(found, queries.provenance(ctx, found.customer_id), False)


@router.put("/{customer_id:int}/pushes", status_code=204, responses=raises(UnknownCustomer))
def set_pushes(customer_id: Id, body: inputs.PushesIn, ctx: Write) -> None:
    """Note that a customer wants no more pushes, or wants them again."""
    who = select(ids_of([queries.profile(ctx, customer_id).customer_id]).subquery().c.customer_id)
    (actions.opt_in if body.wanted else actions.opt_out)(ctx, who, body.why)
    audit.record(ctx, "customers.set_pushes", "customer", customer_id, wanted=body.wanted)


@router.post("/{customer_id:int}/separations", responses=raises(UnknownCustomer, BadDecision))
def separate_customer(customer_id: Id, body: inputs.SeparateIn, ctx: Write) -> bodies.DecisionMade:
    """Undo a merge: say that some identities of a customer are somebody else."""
    return bodies.DecisionMade(decision_id=actions.separate(ctx, customer_id, body.origins))


@router.get("/{customer_id:int}/export", responses=raises(UnknownCustomer, Forbidden))
def export_customer(customer_id: Id, ctx: Read) -> dict[str, Any]:
    """A copy of everything that is held about one person; needs customers.phones, is audited."""
    ctx.require(PHONES)
    return queries.export(ctx, customer_id)


@router.delete("/{customer_id:int}", status_code=204, responses=raises(UnknownCustomer))
def erase_customer(customer_id: Id, ctx: Annotated[Ctx, requires("customers.erase")]) -> None:
    """Erase a person; counts stay, nothing personal does. Cannot be undone; admins only."""
    actions.erase(ctx, customer_id)
