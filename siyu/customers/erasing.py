"""Private: erasing (R5): a whole person, what one Official Account told, what one source told; and giving a copy."""

import hmac
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any

from siyu.customers import normal, people, recording
from siyu.customers.store import erasing as store
from siyu.customers.store import facts as store_facts
from siyu.customers.store import identities, looking, moves, profile, reading, standing
from siyu.customers.store.looking import Fact, Seen
from siyu.customers.types import Identity, NewEvent, UnknownCustomer, oa_source
from siyu.kernel import audit, notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.secrets import derived
from siyu.platforms import actions as platforms

HASHED = ("oa_openid", "unionid")
"""Kinds that come from an Official Account: after an unsubscription a keyed hash of the value stays in its place."""


@lru_cache
def _key() -> bytes:
    return derived("erased-identity")


def hashed(one: Identity) -> str:
    """The keyed hash that stands for an erased value."""
    digest = hmac.digest(_key(), f"{one.kind}\x1f{one.scope}\x1f{one.value}".encode(), "sha256")
    return normal.ERASED + digest[:16].hex()


def hash_of(one: Identity) -> str:
    """As ``hashed``, also of an identity in whose place its hash stands already."""
    return one.value if one.value.startswith(normal.ERASED) else hashed(one)


def look(ctx: Ctx, facts: Collection[Fact], missing: Iterable[Identity], seen: Seen | None = None) -> Seen:
    """As looking.look. A person who comes back is known by the hash, and has the value again.

    ``missing``: identities that the caller has looked for and not found. The caller holds the lock of identities;
    ``seen``: what it saw since it has it.
    """
    forms = {Identity(one.kind, hashed(one), one.scope): one for one in missing if one.kind in HASHED}
    if seen is not None and not forms:
        return seen
    seen = looking.look(ctx, [*facts, *((form, form, "") for form in forms)])
    back = [form for form, one in forms.items() if form in seen.known and one not in seen.known]
    if not back:
        return seen
    store.set_values(ctx, [(seen.known[form][0], forms[form].value) for form in back])
    return looking.look(ctx, facts)


def left_account(ctx: Ctx, left: Iterable[tuple[int, int]]) -> None:
    """Erase what an Official Account told about origins (origin_id, account_id) that no longer follow it."""
    by_account: dict[int, set[int]] = {}
    for origin, account_id in left:
        by_account.setdefault(account_id, set()).add(origin)
    for account_id, origins in sorted(by_account.items()):  # set-loop: per account, of which a company has a few
        source = oa_source(account_id)
        homes = identities.customers_of(ctx, origins)
        names = store_facts.drop_facts(ctx, origins, source)
        store.strip_texts(ctx, origins, homes.values(), account_id)
        told = store.told_only_by(ctx, origins, source, HASHED)
        store.set_values(ctx, [(row.identity_id, hashed(Identity(row.kind, row.value, row.scope))) for row in told])
        changes = profile.project(ctx, set(homes.values()))
        recording.record(ctx, (), own=people.change_events(ctx, changes, told=False))
        store.strip_changes(ctx, homes.values(), names)


def erase(ctx: Ctx, customer_id: int) -> None:
    """Erase a person: profile, identities, payloads; counts stay. Raises UnknownCustomer.

    Other rooms erase at the event ``erased``. The row of the erasure keeps keyed hashes of the identities, so that it
    can be repeated after a restore.
    """
    identities.lock_identities(ctx)
    home = identities.customers_of(ctx, [customer_id]).get(customer_id)
    if home is None or home not in reading.active(ctx, [home]):
        raise UnknownCustomer(f"there is no customer {customer_id}", field="customer_id")
    origins = identities.origins_of(ctx, [home])
    own = [Identity(row.kind, row.value, row.scope) for row in reading.identities_of(ctx, [home])]
    store.add_erasure(ctx, home, sorted({hash_of(one) for one in own}))
    platforms.forget(ctx, [one.value for one in own if one.kind in ("oa_openid", "external_userid")])
    forget(ctx, origins, [home])
    audit.record(ctx, "customers.erase", "customer", home)


def forget(ctx: Ctx, origins: Sequence[int], homes: Sequence[int], *, parted: Sequence[int] = ()) -> None:
    """Origins of nobody any more, and customers that end with them; ``parted``: customers who keep other origins."""
    near = set(identities.closure(ctx, origins)) - set(origins)
    store.forget_people(ctx, origins, [*homes, *parted])
    moves.retire(ctx, homes, status="erased")
    if near:
        after = people.settle(ctx, near, set())
        people.refresh(ctx, {after[one] for one in near if parted})
    recording.record(ctx, [NewEvent(people.SOURCE, f"erased:{home}", "erased", ctx.now, home) for home in homes])
    notices.write(ctx, "customer.erased", customer_ids=list(homes))


def take_back(ctx: Ctx, source: str, limit: int) -> int:
    """Withdraw what a source told about up to ``limit`` origins: facts, touches, links; people it alone knew end.

    Returns how many origins were done; call until 0. Its events go too, and their keys, so it may come again.
    """
    identities.lock_identities(ctx)
    origins = store.told_by(ctx, source, limit)
    if not origins:
        return 0
    near = identities.closure(ctx, origins)
    homes = identities.customers_of(ctx, origins)
    store.withdraw(ctx, source, origins, homes.values())
    alone = store.unasserted(ctx, origins)
    people.settle(ctx, set(near) - alone, set())
    now = identities.customers_of(ctx, set(near) - alone)
    ended = sorted({home for origin in alone for home in [homes[origin]]} - set(now.values()))
    touched = set(now.values())
    changes = profile.project(ctx, touched) + standing.project_touches(ctx, touched)
    recording.record(ctx, (), own=people.change_events(ctx, changes))
    if alone:
        store.forget_people(ctx, sorted(alone), ended)
    if ended:
        moves.retire(ctx, ended, status="erased")
        recording.record(ctx, [NewEvent(people.SOURCE, f"erased:{home}", "erased", ctx.now, home) for home in ended])
        notices.write(ctx, "customer.erased", customer_ids=ended)
    return len(origins)


def export(ctx: Ctx, customer_id: int) -> dict[str, Any]:
    """Everything that this room holds about one person, as JSON. Raises UnknownCustomer. The reading is audited."""
    home = identities.customers_of(ctx, [customer_id]).get(customer_id)
    row = reading.customer_row(ctx, home) if home is not None else None
    if home is None or row is None or row.status != "active":
        raise UnknownCustomer(f"there is no customer {customer_id}", field="customer_id")
    audit.record(ctx, "customers.export", "customer", home)
    return {
        "customer_id": home,
        "created_at": row.created_at,
        "attributes": profile.shown(row),
        "written_by": [
            {"name": one.name, "value": one.value, "source": one.source, "actor": one.actor, "at": one.at}
            for one in reading.provenance(ctx, home)
        ],
        "identities": [
            {"kind": one.kind, "scope": one.scope, "value": one.value, "sources": sorted(one.sources)}
            for one in reading.identities_of(ctx, [home])
            if not one.value.startswith(normal.ERASED)
        ],
        "consents": store.consents_of(ctx, home),
        "follows": [dict(one._mapping) for one in reading.follows_of(ctx, [home])],
        "orders": [dict(one._mapping) for one in reading.orders_of(ctx, [home])],
        "events": [
            {"type": one.type, "occurred_at": one.occurred_at, "source": one.source, "props": one.props}
            for one in reading.events_of(ctx, [home], None, None)
        ],
    }
