"""Private: what each choice of a message sends, asked of content, and each person's part of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, Row, and_, select

from siyu.content import actions as content
from siyu.content import queries as contents
from siyu.content.types import LinkContext
from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, ids_of
from siyu.kernel.db import rows as relation
from siyu.kernel.errors import SiyuError
from siyu.outreach.store import choice, material, message
from siyu.outreach.types import Route
from siyu.outreach.work import Send, Way

Pair = tuple[int, int]
"""(message_id, choice)."""


def usable(ctx: Ctx, found: Mapping[Pair, Row[*tuple[Any, ...]]]) -> dict[Pair, Way]:
    """What each choice sends, without those that content cannot make a message of: not published, deleted, of a kind
    that the route does not carry."""
    ways = {}
    for pair, row in found.items():
        # set-loop: one look per choice, of which a claim has a few
        try:
            ways[pair] = _way(ctx, row)
        except SiyuError:
            continue
    return ways


def made(ctx: Ctx, pairs: Iterable[Pair]) -> dict[Pair, Way]:
    """What each choice sends. Raises the errors of content."""
    # set-loop: one look per choice, of which a batch has a few
    return {pair: _way(ctx, row) for pair, row in rows(ctx, pairs).items()}


def prepare(
    ctx: Ctx, batch_key: str, known: Mapping[Pair, Way], claimed: Sequence[tuple[int, int, Pair, str | None]]
) -> tuple[list[Way], list[Send]]:
    """The ways and sends of claimed requests, given as (customer_id, request_id, (message_id, choice), address)."""
    order = {pair: number for number, pair in enumerate(sorted({pair for _, _, pair, _ in claimed}))}
    ways = [known[pair] for pair in order]
    names = sorted({name for way in ways if way.outgoing is not None for name in way.outgoing.fields})
    values = _values(ctx, [one[0] for one in claimed], names) if names else {}
    sends = [
        Send(
            customer_id,
            request_id,
            order[pair],
            address or "",
            values.get(customer_id, {}),
            f"{batch_key}-{request_id}",
        )
        for customer_id, request_id, pair, address in claimed
    ]
    return ways, sends


def _values(ctx: Ctx, ids: Sequence[int], names: Sequence[str]) -> dict[int, dict[str, object]]:
    """What content fields show of each person."""
    who = ids_of(ids).subquery("who")
    # set-loop: one look-up of a definition per field, of which a message has a few
    columns = [customers.attribute(ctx, name).expression.label(name) for name in names]
    people = select(customers.customer.c.customer_id, *columns).join_from(
        customers.customer, who, who.c.customer_id == customers.customer.c.customer_id
    )
    return {row.customer_id: {name: getattr(row, name) for name in names} for row in ctx.tx.execute(people).all()}


_PAIRS = relation("pair", message_id=Integer(), choice=Integer())
_ROWS = (
    select(*choice.c, *(column for column in message.c if column.name != "message_id"))
    .join_from(_PAIRS, choice, and_(choice.c.message_id == _PAIRS.c.message_id, choice.c.choice == _PAIRS.c.choice))
    .join(message, message.c.message_id == choice.c.message_id)
    .order_by(choice.c.message_id, choice.c.choice)
)


def rows(ctx: Ctx, pairs: Iterable[Pair]) -> dict[Pair, Row[*tuple[Any, ...]]]:
    """The stored choices with their messages."""
    wanted = sorted(set(pairs))
    if not wanted:
        return {}
    values = given(_PAIRS, message_id=[one for one, _ in wanted], choice=[two for _, two in wanted])
    found = ctx.tx.execute(_ROWS, values).all()
    return {(row.message_id, row.choice): row for row in found}


def _way(ctx: Ctx, row: Row[*tuple[Any, ...]]) -> Way:
    """Raises the errors of content."""
    if row.route == Route.WEBHOOK:
        return Way(row.route, row.account_id, url=row.url or "", payload=row.body or {})
    step = f"/{row.origin_node}" if row.origin_node else ""
    context = LinkContext(f"{row.origin_kind}:{row.origin_id}{step}", row.account_id)
    if row.content_id is None:
        return Way(row.route, row.account_id, content.outgoing_text(ctx, row.text or "", row.route, context=context))
    outgoing = content.outgoing(ctx, row.content_id, row.route, context=context, template=row.template)
    if outgoing.kind == "moment":
        return Way(row.route, row.account_id, outgoing, cover=contents.cover(ctx, outgoing))
    if outgoing.draft is None:
        return Way(row.route, row.account_id, outgoing)
    # A cover of its own is kept by its file, the plain one of a content by the content.
    cover_file = outgoing.cover_file if outgoing.cover_file is not None else -row.content_id
    thumb = ctx.tx.execute(
        select(material.c.media_id).where(material.c.account_id == row.account_id, material.c.file_id == cover_file)
    ).scalar_one_or_none()
    cover = b"" if thumb else contents.cover(ctx, outgoing)
    return Way(row.route, row.account_id, outgoing, cover=cover, cover_file=cover_file, thumb=thumb)
