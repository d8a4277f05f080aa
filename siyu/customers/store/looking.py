"""The one statement that known people cost: whose identities these are, who that is now, and what is new of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Integer, Text, and_, func, select

from siyu.customers.store.tables import assertion, identity, origin
from siyu.customers.types import Identity
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import given, rows

Known = Mapping[Identity, tuple[int, int | None]]
"""Stored identities: (identity_id, origin_id or None for weak kinds)."""
Fact = tuple[Identity, Identity, str]
"""What a source asserts: (the node whose fact it is, the identity, the source)."""

_ASKED = rows(
    "f",
    place=Integer(),
    kind=Text(),
    scope=Text(),
    value=Text(),
    node_kind=Text(),
    node_scope=Text(),
    node_value=Text(),
    source=Text(),
)
_node = identity.alias("node")
# A fact of a node about itself, the common case, comes without its node: half the look-ups.
_OWNER = func.coalesce(_node.c.origin_id, identity.c.origin_id)
_LOOK = (
    select(
        _ASKED.c.place,
        identity.c.identity_id,
        identity.c.origin_id,
        _node.c.origin_id,
        origin.c.customer_id,
        assertion.c.source.is_not(None),
    )
    .select_from(_ASKED)
    .join(
        identity,
        and_(identity.c.kind == _ASKED.c.kind, identity.c.scope == _ASKED.c.scope, identity.c.value == _ASKED.c.value),
    )
    .join(
        _node,
        and_(
            _node.c.kind == _ASKED.c.node_kind,
            _node.c.scope == _ASKED.c.node_scope,
            _node.c.value == _ASKED.c.node_value,
        ),
        isouter=True,
    )
    .join(origin, origin.c.origin_id == _OWNER, isouter=True)
    .join(
        assertion,
        and_(
            assertion.c.origin_id == _OWNER,
            assertion.c.identity_id == identity.c.identity_id,
            assertion.c.source == _ASKED.c.source,
        ),
        isouter=True,
    )
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is stored of some facts: their identities, the facts themselves, and the customers of their nodes."""

    known: dict[Identity, tuple[int, int | None]] = field(default_factory=dict)
    stored: set[Fact] = field(default_factory=set)
    homes: dict[int, int] = field(default_factory=dict)


def look(ctx: Ctx, facts: Collection[Fact]) -> Seen:
    """What is stored of ``facts``."""
    asked: Sequence[Fact] = list(facts)
    nodes = [None if node is one else node for node, one, _ in asked]
    parameters = given(
        _ASKED,
        place=range(len(asked)),
        kind=[one.kind for _, one, _ in asked],
        scope=[one.scope for _, one, _ in asked],
        value=[one.value for _, one, _ in asked],
        node_kind=[node and node.kind for node in nodes],
        node_scope=[node and node.scope for node in nodes],
        node_value=[node and node.value for node in nodes],
        source=[source for _, _, source in asked],
    )
    seen = Seen()
    for place, identity_id, own, owner, home, stored in ctx.tx.execute(_LOOK, parameters).all():
        fact, node = asked[place], nodes[place]
        seen.known[fact[1]] = (identity_id, own)
        if node is not None and owner is None:
            continue
        mine = own if node is None else owner
        if stored:
            seen.stored.add(fact)
        if mine is not None:
            seen.homes[mine] = home
    return seen
