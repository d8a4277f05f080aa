"""What reading asks of and tells to customers: who an identity or a browser is, and what a person did."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, Integer, Text, and_, bindparam, func, select

from siyu.content.reading.visitor import Visitor, Who
from siyu.customers import actions as customers
from siyu.customers import queries
from siyu.customers.types import ANONYMOUS, Identity, NewEvent, NewVisit, Record, Touch, oa_source, wecom_source
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.platforms import queries as platforms

SOURCE = "content"


_ASKED = rows("asked", kind=Text(), scope=Text(), value=Text())
_people, _living = queries.people, queries.reachability
_BY_IDENTITY = (
    select(
        _people.c.kind,
        _people.c.value,
        _people.c.scope,
        _people.c.customer_id,
        _people.c.origin_id,
        _living.c.profiling_consent,
    )
    .join_from(
        _ASKED,
        _people,
        and_(_people.c.kind == _ASKED.c.kind, _people.c.scope == _ASKED.c.scope, _people.c.value == _ASKED.c.value),
    )
    .join(_living, _living.c.customer_id == _people.c.customer_id, isouter=True)
)
_OWNERS = (
    select(queries.canonical.c.origin_id, queries.canonical.c.customer_id, queries.reachability.c.profiling_consent)
    .join(queries.reachability, queries.reachability.c.customer_id == queries.canonical.c.customer_id)
    .where(queries.canonical.c.origin_id == func.any(bindparam("origin_ids", type_=ARRAY(Integer()))))
)


@dataclass(frozen=True, slots=True)
class Known:
    """``people``: identity -> its customer, with the origin that is this identity's. ``origins``: a number that was
    once a customer or origin -> whom it means now. What is nobody is left out."""

    people: Mapping[Identity, Who]
    origins: Mapping[int, Who]

    def recognised(self, visitor: Visitor, account_id: int | None) -> tuple[Who | None, bool, Who | None]:
        """(customer of a proven identity, whether a proven one is no customer, customer whose form was sent from
        here). What the link's own account proved counts first, then any other account."""
        proven = sorted(visitor.proven.items(), key=lambda item: item[0] != account_id)
        for _, one in proven:
            if one in self.people:
                return self.people[one], False, None
        return None, bool(proven), None if proven else self.origins.get(visitor.joined)


def known(ctx: Ctx, visitors: Iterable[Visitor], origins: Iterable[int] = ()) -> Known:
    """Look up whom these browsers proved to be, whose forms were sent from them, and who the origins are."""
    asked: set[Identity] = set()
    wanted = {one for one in origins if one}
    for visitor in visitors:
        asked.update(visitor.proven.values())
        if visitor.joined and not visitor.proven:
            wanted.add(visitor.joined)
    people: dict[Identity, Who] = {}
    if asked:
        values = given(
            _ASKED,
            kind=[one.kind for one in asked],
            scope=[one.scope for one in asked],
            value=[one.value for one in asked],
        )
        for row in ctx.tx.execute(_BY_IDENTITY, values):
            who = Who(row.customer_id, row.origin_id, bool(row.profiling_consent))
            people[Identity(row.kind, row.value, row.scope)] = who
    found = ctx.tx.execute(_OWNERS, {"origin_ids": sorted(wanted)}) if wanted else ()
    return Known(people, {row.origin_id: Who(row.customer_id, row.origin_id, row.profiling_consent) for row in found})


@dataclass(frozen=True, slots=True)
class Proof:
    """OAuth said who sits at a browser: ``kind`` of the identity, and its value."""

    account_id: int
    kind: str
    name: str
    visitor: Visitor


def join(ctx: Ctx, proofs: Sequence[Proof]) -> list[Identity]:
    """What the browsers did before becomes theirs who are proven to sit there; returns who they are.

    Whoever is no customer stays a visitor: reading a page makes nobody a customer.
    """
    corps = {one.account_id: one.appid for one in platforms.accounts(ctx, "wecom")}
    said = [
        Identity(one.kind, one.name, corps.get(one.account_id, str(one.account_id)))  # of an OA the account itself
        for one in proofs
    ]
    pairs = list(zip(proofs, said, strict=True))
    found = known(ctx, [one.visitor.knowing(one.account_id, identity) for one, identity in pairs]).people
    records = {
        key: Record(source(one.account_id), key, (identity, browser), ctx.now)
        for one, identity in pairs
        if identity in found
        for browser in [Identity(ANONYMOUS, one.visitor.anonymous_id)]
        for key in [f"oauth:{identity.value}:{one.visitor.anonymous_id}"]
        for source in [oa_source if identity.kind == "oa_openid" else wecom_source]
    }
    customers.recognise(ctx, list(records.values()))
    return said


def touch_of(parameters: Mapping[str, str]) -> Touch:
    """How somebody arrived who came by an address with parameters (K3)."""
    return Touch("url", parameters.get("utm_source") or parameters.get("channel", ""), parameters)


def arrived(ctx: Ctx, found: Known, arrivals: Sequence[tuple[Visitor, Mapping[str, str]]]) -> None:
    """People came by addresses with parameters: remember it as a touch (K3) of those who are proven customers."""
    records: dict[str, Record] = {}
    for visitor, parameters in arrivals:
        proven = [one for one in visitor.proven.values() if one in found.people]
        if proven:
            key = f"touch:{proven[0].value}:{ctx.now.isoformat()}"
            records[key] = Record(SOURCE, key, (proven[0],), ctx.now, touch=touch_of(parameters))
    if records:
        customers.recognise(ctx, list(records.values()))


def happened(ctx: Ctx, who: Who, key: str, type: str, content_id: int, props: Mapping[str, object]) -> NewEvent:
    """An event of a known person, now; ``key`` is unique within content."""
    return NewEvent(SOURCE, key, type, ctx.now, who.customer_id, content_id, props, who.origin_id)


@dataclass(slots=True)
class Told:
    """What a transaction has to tell: of known people, and of unknown browsers, whose events wait aside (K1)."""

    ctx: Ctx
    events: list[NewEvent]
    visits: list[NewVisit]

    def of(self, who: Who, key: str, type: str, content_id: int, props: Mapping[str, object]) -> None:
        """Something that a known person did."""
        self.events.append(happened(self.ctx, who, key, type, content_id, props))

    def aside(self, anonymous_id: str, key: str, type: str, content_id: int, props: Mapping[str, object]) -> None:
        """The same of an unknown browser."""
        self.visits.append(NewVisit(anonymous_id, SOURCE, key, type, self.ctx.now, content_id, props))

    def tell(self) -> None:
        """Hand it to customers."""
        if self.events:
            customers.record_later(self.ctx, self.events)
        if self.visits:
            customers.visit(self.ctx, self.visits)
