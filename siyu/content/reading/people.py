"""What reading asks of and tells to customers: who an openid or a browser is, and what a person did."""

from collections.abc import Mapping

from sqlalchemy import select

from siyu.content.reading.visitor import Visitor, Who
from siyu.customers import actions as customers
from siyu.customers import queries
from siyu.customers.types import ANONYMOUS, Identity, NewEvent, NewVisit, Record, Touch, oa_source
from siyu.kernel.ctx import Ctx

SOURCE = "content"


def openid_identity(account_id: int, openid: str) -> Identity:
    """The identity that OAuth proves."""
    return Identity("oa_openid", openid, str(account_id))


def _of_openid(ctx: Ctx, account_id: int, openid: str) -> Who | None:
    """The customer of an openid, with the origin that is this openid's."""
    relation = queries.openids(account_id)
    row = ctx.tx.execute(
        select(relation.c.customer_id, relation.c.origin_id).where(relation.c.openid == openid)
    ).one_or_none()
    return Who(row.customer_id, row.origin_id) if row else None


def owner(ctx: Ctx, customer_id: int) -> Who | None:
    """The customer whom a number that was once a customer or origin means now; None when it is nobody."""
    means, living = queries.canonical, queries.reachability
    home = ctx.tx.execute(
        select(means.c.customer_id)
        .join(living, living.c.customer_id == means.c.customer_id)
        .where(means.c.origin_id == customer_id)
    ).scalar_one_or_none()
    return Who(home, customer_id) if home is not None else None


def recognise(ctx: Ctx, visitor: Visitor, account_id: int | None) -> tuple[Who | None, bool, Who | None]:
    """(customer of a proven openid, whether a proven openid is no customer, customer whose form was sent from here).

    The openid of the link's own account counts first, then any other account's.
    """
    proven = sorted(visitor.openids.items(), key=lambda item: item[0] != account_id)
    for account, openid in proven:  # set-loop: a browser has an openid per account, mostly one
        if (known := _of_openid(ctx, account, openid)) is not None:
            return known, False, None
    if proven:
        return None, True, None
    return None, False, owner(ctx, visitor.joined) if visitor.joined else None


def profiling(ctx: Ctx, customer_id: int) -> bool:
    """Whether the customer agreed that their reading is recorded (N3)."""
    relation = queries.reachability
    agreed = select(relation.c.profiling_consent).where(relation.c.customer_id == customer_id)
    return bool(ctx.tx.execute(agreed).scalar_one_or_none())


def join(ctx: Ctx, account_id: int, openid: str, visitor: Visitor) -> None:
    """OAuth proved who sits at a browser: if it is a customer, what the browser did before becomes theirs.

    An openid that is no customer stays a visitor: reading a page makes nobody a customer.
    """
    if _of_openid(ctx, account_id, openid) is None:
        return
    identity = openid_identity(account_id, openid)
    anonymous = Identity(ANONYMOUS, visitor.anonymous_id)
    key = f"oauth:{openid}:{visitor.anonymous_id}"
    customers.recognise(ctx, [Record(oa_source(account_id), key, (identity, anonymous), ctx.now)])


def touch_of(parameters: Mapping[str, str]) -> Touch:
    """How somebody arrived who came by an address with parameters (K3)."""
    return Touch("url", parameters.get("utm_source") or parameters.get("channel", ""), parameters)


def arrived(ctx: Ctx, visitor: Visitor, parameters: Mapping[str, str]) -> None:
    """Somebody proven came by an address with parameters: remember it as a touch (K3) if it is a customer."""
    known = [openid_identity(*item) for item in visitor.openids.items() if _of_openid(ctx, *item) is not None]
    if known:
        key = f"touch:{known[0].value}:{ctx.now.isoformat()}"
        customers.recognise(ctx, [Record(SOURCE, key, (known[0],), ctx.now, touch=touch_of(parameters))])


def happened(ctx: Ctx, who: Who, key: str, type: str, content_id: int, props: Mapping[str, object]) -> NewEvent:
    """An event of a known person, now; ``key`` is unique within content."""
    return NewEvent(SOURCE, key, type, ctx.now, who.customer_id, content_id, props, who.origin_id)


def aside(ctx: Ctx, anonymous_id: str, key: str, type: str, content_id: int, props: Mapping[str, object]) -> None:
    """The same of a browser that nobody is known by: it waits aside (K1)."""
    customers.visit(ctx, [NewVisit(anonymous_id, SOURCE, key, type, ctx.now, content_id, props)])
