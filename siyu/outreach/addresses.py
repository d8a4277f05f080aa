"""Private: by what a platform knows the person of each request, and whether it would take a message for them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, DateTime, Integer, Select, Text, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from siyu.customers import queries as customers
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows
from siyu.outreach.store import request, window
from siyu.outreach.types import TASK_ROUTES, WELCOMES, Route
from siyu.platforms import queries as platforms
from siyu.team import queries as team

WELCOME = timedelta(seconds=20)
"""For so long after the add, or after somebody entered customer service, a welcome is taken (docs/platform.md A.5.3,
A.9)."""


class Wanted(NamedTuple):
    """A request at one of its choices."""

    customer_id: int
    request_id: int
    route: str
    account_id: int
    sender: str | None = None


class Address(NamedTuple):
    """An openid, the code of a welcome, an external_userid with the ``staff`` who sends, or the open_kfid and
    external_userid of a customer service chat. ``open``: the person follows; the 20 seconds are not over; the person is
    a contact of the sender. ``left``: whoever has the person as a contact is switched off."""

    value: str
    open: bool
    staff: str | None = None
    left: bool = False


def addresses(ctx: Ctx, wanted: Sequence[Wanted]) -> list[Address | None]:
    """The addresses in the order asked for; None where the platform does not know the person."""
    openids = _openids(ctx, ((one.customer_id, one.account_id) for one in wanted if _official(one)))
    codes = _codes(ctx, [one for one in wanted if one.route in WELCOMES])
    contacts = _contacts(ctx, [one for one in wanted if one.route in TASK_ROUTES])
    chats = _chats(ctx, [one for one in wanted if one.route == Route.KF])

    def known(one: Wanted) -> Address | None:
        if one.route in TASK_ROUTES:
            return contacts.get((one.customer_id, one.account_id, one.sender))
        if one.route == Route.KF:
            return chats.get((one.customer_id, one.account_id))
        return openids.get((one.customer_id, one.account_id)) if _official(one) else codes.get(one.request_id)

    return [known(one) for one in wanted]


def _official(one: Wanted) -> bool:
    return one.route in (Route.OA_MASS, Route.OA_CUSTOM, Route.OA_TEMPLATE)


_PEOPLE = rows("ids", customer_id=Integer())


@lru_cache(maxsize=256)
def _of_account(account_id: int) -> Select[*tuple[Any, ...]]:
    relation = customers.openids(account_id)
    return (
        select(relation.c.customer_id, relation.c.openid, relation.c.followed)
        .join_from(_PEOPLE, relation, relation.c.customer_id == _PEOPLE.c.customer_id)
        .order_by(relation.c.followed)
    )


def _openids(ctx: Ctx, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Address]:
    by_account: dict[int, list[int]] = {}
    for customer_id, account_id in wanted:
        by_account.setdefault(account_id, []).append(customer_id)
    found: dict[tuple[int, int], Address] = {}
    for account_id, ids in sorted(by_account.items()):
        # set-loop: one statement per account, of which there are a handful
        for one, openid, followed in ctx.tx.execute(_of_account(account_id), given(_PEOPLE, customer_id=ids)):
            found[one, account_id] = Address(openid, followed)
    return found


_REQUESTS = rows("asked", customer_id=Integer(), request_id=BigInteger())
_event = customers.events
_CODES = (
    select(
        request.c.request_id,
        request.c.asked_machine,
        _event.c.occurred_at,
        _event.c.props["welcome_code"].astext.label("code"),
    )
    .join_from(
        _REQUESTS,
        request,
        and_(request.c.customer_id == _REQUESTS.c.customer_id, request.c.request_id == _REQUESTS.c.request_id),
    )
    .join(_event, and_(_event.c.customer_id == request.c.customer_id, _event.c.event_id == request.c.answers))
    # The timeline is kept by months.
    .where(_event.c.occurred_at >= bindparam("since", type_=DateTime(timezone=True)))
)


def _codes(ctx: Ctx, wanted: Sequence[Wanted]) -> dict[int, Address]:
    """By request. The code is a key to the customer's chat for 20 seconds: it goes nowhere but into the call."""
    if not wanted:
        return {}
    values: dict[str, Any] = given(
        _REQUESTS,
        customer_id=[one.customer_id for one in wanted],
        request_id=[one.request_id for one in wanted],
    )
    found = ctx.tx.execute(_CODES, values | {"since": ctx.now - timedelta(days=1)}).all()
    return {
        row.request_id: Address(row.code, _in_time(ctx, row.occurred_at, row.asked_machine))
        for row in found
        if row.code
    }


def _in_time(ctx: Ctx, added_at: datetime, asked_machine: float | None) -> bool:
    if ctx.system_time or asked_machine is None:
        return ctx.now < added_at + WELCOME
    return machine() < asked_machine + WELCOME.total_seconds()


_follow = customers.follows
_person = customers.people
_CONTACTS = (
    select(
        _PEOPLE.c.customer_id,
        _person.c.value.label("external_userid"),
        customers.customer.c.owner_id,
        _follow.c.staff,
        _follow.c.followed_at,
    )
    .join_from(
        _PEOPLE,
        _person,
        and_(
            _person.c.customer_id == _PEOPLE.c.customer_id,
            _person.c.kind == "external_userid",
            _person.c.scope == bindparam("corpid", type_=Text),
        ),
    )
    .join(customers.customer, customers.customer.c.customer_id == _PEOPLE.c.customer_id)
    .outerjoin(
        _follow,
        and_(
            _follow.c.customer_id == _PEOPLE.c.customer_id,
            _follow.c.kind == "wecom",
            _follow.c.account_id == func.any(bindparam("accounts", type_=ARRAY(Integer))),
            _follow.c.following,
        ),
    )
    .order_by(_PEOPLE.c.customer_id, _follow.c.followed_at)
)


def _contacts(ctx: Ctx, wanted: Sequence[Wanted]) -> dict[tuple[int, int, str | None], Address]:
    """By (customer, account, sender asked for). Without a sender the owner sends, else whom the person added last; a
    member who is switched off does not."""
    found: dict[tuple[int, int, str | None], Address] = {}
    if not wanted:
        return found
    members = [member for member in team.staff(ctx) if member.userid is not None]
    userids = {member.staff_id: member.userid for member in members if member.active}
    gone = {member.userid for member in members if not member.active}
    accounts = platforms.accounts(ctx, "wecom")
    corps = {account.account_id: account.appid for account in accounts}
    for account_id, sender in sorted({(one.account_id, one.sender) for one in wanted}, key=str):
        # set-loop: one statement per account and sender asked for, of which there are a handful
        corpid = corps.get(account_id, "")
        values: dict[str, Any] = given(
            _PEOPLE,
            customer_id=sorted(
                {one.customer_id for one in wanted if (one.account_id, one.sender) == (account_id, sender)}
            ),
        )
        values |= {"corpid": corpid, "accounts": [one for one, corp in corps.items() if corp == corpid]}
        for row in ctx.tx.execute(_CONTACTS, values):
            place = (row.customer_id, account_id, sender)
            best = found.get(place)
            chosen = sender or userids.get(row.owner_id)
            meant = row.staff is not None and sender in (None, row.staff)
            if meant and row.staff in gone:
                found.setdefault(place, Address(row.external_userid, False, left=True))
            elif meant and (best is None or best.left or best.staff != chosen):
                found[place] = Address(row.external_userid, True, row.staff)
            elif best is None:
                found[place] = Address(row.external_userid, False)
    return found


_CHATS = (
    select(_PEOPLE.c.customer_id, _person.c.value.label("external_userid"), window.c.place)
    .join_from(
        _PEOPLE,
        _person,
        and_(
            _person.c.customer_id == _PEOPLE.c.customer_id,
            _person.c.kind == "external_userid",
            _person.c.scope == bindparam("corpid", type_=Text),
        ),
    )
    .outerjoin(
        window,
        and_(
            window.c.customer_id == _PEOPLE.c.customer_id,
            window.c.account_id == bindparam("account", type_=Integer),
            window.c.trigger == "kf",
        ),
    )
)


def _chats(ctx: Ctx, wanted: Sequence[Wanted]) -> dict[tuple[int, int], Address]:
    """By (customer, account): the customer service chat in which the person wrote last."""
    found: dict[tuple[int, int], Address] = {}
    if not wanted:
        return found
    corps = {account.account_id: account.appid for account in platforms.accounts(ctx, "wecom")}
    for account_id in sorted({one.account_id for one in wanted}):
        # set-loop: one statement per account, of which there are a handful
        people = sorted({one.customer_id for one in wanted if one.account_id == account_id})
        values: dict[str, Any] = given(_PEOPLE, customer_id=people)
        values |= {"corpid": corps.get(account_id, ""), "account": account_id}
        for row in ctx.tx.execute(_CHATS, values):
            found[row.customer_id, account_id] = Address(f"{row.place or ''} {row.external_userid}", True)
    return found
