"""Private: records in, customers out. Known people cost two look-ups; only new facts wait for the lock."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from siyu.customers import attributes, erasing, normal, people, recording
from siyu.customers.store import identities, profile
from siyu.customers.store.profile import AUTOMATIC, Change, FactRow, TouchRow
from siyu.customers.types import (
    ANONYMOUS,
    EXCLUSIVE,
    RECORD,
    WEAK,
    BadIdentity,
    Identity,
    NoIdentity,
    Person,
    Record,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import SiyuError
from siyu.kernel.text import clean, not_ahead


@dataclass(slots=True)
class Read:
    """A record in its normal form. ``nodes``: its exclusive identities, or itself; the first is its origin."""

    record: Record
    nodes: list[Identity]
    weak: list[Identity]
    visitors: list[str]
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def parts(self) -> list[Identity]:
        """Every identity that is a fact of the record's origin."""
        return self.nodes + self.weak


def read(ctx: Ctx, record: Record, index: int, definitions: Mapping[str, Any]) -> Read:
    """Check and normalise one record; errors name ``records.<index>.<field>``."""
    at = f"records.{index}"
    clean(record.source, f"{at}.source")
    clean(record.key, f"{at}.key")
    not_ahead(record.seen_at, ctx.now, f"{at}.seen_at")
    found = [normal.identity(one, f"{at}.identities.{place}") for place, one in enumerate(record.identities)]
    nodes = list(dict.fromkeys(one for one in found if one.kind in EXCLUSIVE))
    weak = list(dict.fromkeys(one for one in found if one.kind in WEAK))
    visitors = [one.value for one in found if one.kind == ANONYMOUS]
    if not nodes:
        if not record.key or not record.source:
            raise BadIdentity("a record without an exclusive identity needs source and key", field=f"{at}.key")
        if not weak and not record.attributes.get("name"):
            raise NoIdentity(
                "neither an identity nor a name: nobody could find this customer", field=f"{at}.identities"
            )
        nodes = [Identity(RECORD, record.key, record.source)]
    given: dict[str, object] = {one.kind: one.value for one in reversed(weak)} | dict(record.attributes)
    values = {}
    for name, value in given.items():
        where = f"{at}.attributes.{name}"
        checked = attributes.checked(attributes.lookup(definitions, name, where), value, where)
        if checked is not None:
            values[name] = checked
    return Read(record, nodes, weak, visitors, values)


def read_all(ctx: Ctx, records: Sequence[Record]) -> tuple[list[Read], dict[int, SiyuError]]:
    """All records that can be read, and the fault of each that cannot, by its place."""
    definitions = {**attributes.BUILTIN, **profile.definitions(ctx)}
    reads: list[Read] = []
    faults: dict[int, SiyuError] = {}
    for index, record in enumerate(records):
        try:
            reads.append(read(ctx, record, index, definitions))
        except SiyuError as error:
            faults[index] = error
    return reads, faults


def recognise(ctx: Ctx, records: Sequence[Record]) -> list[Person]:
    """See actions.recognise."""
    reads, faults = read_all(ctx, records)
    if faults:
        raise faults[min(faults)]
    return apply(ctx, reads)


def apply(ctx: Ctx, reads: Sequence[Read]) -> list[Person]:
    """Write what the records say; returns whom each means."""
    if not reads:
        return []
    wanted = list(dict.fromkeys(one for read in reads for one in read.parts))
    known = erasing.known(ctx, wanted)
    created: set[int] = set()
    if len(known) < len(wanted) or _missing(ctx, reads, known):
        identities.lock_identities(ctx)
        known, created = _add(ctx, reads, wanted)
    mains = [_node(known, read.nodes[0]) for read in reads]
    homes = identities.customers_of(ctx, mains)
    found = [Person(homes[main], main) for main in mains]
    _bind(ctx, reads, found)
    _describe(ctx, reads, found, created)
    return found


def _node(known: Mapping[Identity, tuple[int, int | None]], one: Identity) -> int:
    origin = known[one][1]
    assert origin is not None, "an exclusive identity always has an origin"
    return origin


def _facts(reads: Iterable[Read], known: Mapping[Identity, tuple[int, int | None]]) -> dict[tuple[int, int, str], Read]:
    """What the records assert: (origin, identity, source). Every node has its own value; the first one the others."""
    facts: dict[tuple[int, int, str], Read] = {}
    for read in reads:
        main, source = _node(known, read.nodes[0]), read.record.source
        for one in read.parts:
            facts.setdefault((main, known[one][0], source), read)
        for one in read.nodes[1:]:
            facts.setdefault((_node(known, one), known[one][0], source), read)
    return facts


def _missing(ctx: Ctx, reads: Sequence[Read], known: Mapping[Identity, tuple[int, int | None]]) -> bool:
    facts = _facts(reads, known)
    return len(identities.asserted(ctx, list(facts))) < len(facts)


def _add(
    ctx: Ctx, reads: Sequence[Read], wanted: Sequence[Identity]
) -> tuple[dict[Identity, tuple[int, int | None]], set[int]]:
    """Under the lock: store new identities and facts, resolve where people may change; answers ids, new customers."""
    known = identities.known(ctx, wanted)
    new = [one for one in wanted if one not in known]
    made = identities.add_identities(ctx, [(one, one.kind not in WEAK) for one in new]) if new else {}
    known |= made
    facts = _facts(reads, known)
    stored = identities.asserted(ctx, list(facts))
    fresh = {origin for _, origin in made.values() if origin is not None}
    alone, seeds = _sort(ctx, reads, known, made, [fact for fact in facts if fact not in stored])
    if fresh:
        identities.add_origins(ctx, [(origin, alone.get(origin, origin)) for origin in sorted(fresh)])
    missing = [fact for fact in facts if fact not in stored]
    if missing:
        identities.add_assertions(ctx, [(*fact, facts[fact].record.seen_at) for fact in missing])
    homes = {origin: alone.get(origin, origin) for origin in fresh}
    if seeds:
        homes |= people.settle(ctx, seeds, fresh)
    return known, {homes[origin] for origin in fresh} & fresh


def _sort(
    ctx: Ctx,
    reads: Sequence[Read],
    known: Mapping[Identity, tuple[int, int | None]],
    made: Mapping[Identity, tuple[int, int | None]],
    missing: Sequence[tuple[int, int, str]],
) -> tuple[dict[int, int], set[int]]:
    """Origins that are a new customer by themselves (origin -> customer), and those around which people may change.

    A record whose identities are all new, named by no other record of the batch and without a contradiction among
    themselves cannot meet anybody.
    """
    uses = Counter(one for read in reads for one in read.parts)
    holders = {known[one][0]: one for one in known}
    news: dict[int, list[int]] = {}
    for origin, identity_id, _ in missing:
        news.setdefault(origin, []).append(identity_id)
    old_weak = [
        identity_id
        for ids in news.values()
        for identity_id in ids
        if holders[identity_id].kind in WEAK and holders[identity_id] not in made
    ]
    met = identities.shared(ctx, sorted(set(old_weak))) if old_weak else set()
    alone: dict[int, int] = {}
    seeds: set[int] = set()
    for read in reads:
        main = _node(known, read.nodes[0])
        slots = {(one.kind, one.scope) for one in read.nodes}
        if len(slots) == len(read.nodes) and all(one in made and uses[one] == 1 for one in read.parts):
            alone |= dict.fromkeys((_node(known, one) for one in read.nodes), main)
            continue
        for identity_id in news.get(main, ()):
            one = holders[identity_id]
            joins = one.kind not in WEAK and known[one][1] != main
            if joins or (one.kind in WEAK and (uses[one] > 1 or identity_id in met)):
                seeds.add(main)
    return alone, seeds


def _bind(ctx: Ctx, reads: Sequence[Read], found: Sequence[Person]) -> None:
    latest: dict[str, tuple[str, int, Any]] = {}
    for read, person in zip(reads, found, strict=True):
        for anonymous_id in read.visitors:
            row = (anonymous_id, person.origin_id, read.record.seen_at)
            if anonymous_id not in latest or latest[anonymous_id][2] <= row[2]:
                latest[anonymous_id] = row
    if latest:
        identities.bind_visitors(ctx, [latest[name] for name in sorted(latest)])
        recording.recognised(ctx, sorted(latest))


def _describe(ctx: Ctx, reads: Sequence[Read], found: Sequence[Person], created: set[int]) -> None:
    """Attributes, touches and the events that tell of them."""
    pairs = list(zip(reads, found, strict=True))
    rows = [
        FactRow(
            person.customer_id,
            person.origin_id,
            name,
            read.record.source,
            value,
            AUTOMATIC,
            read.record.seen_at,
            read.record.source,
        )
        for read, person in pairs
        for name, value in read.values.items()
    ]
    if rows:
        profile.save_facts(ctx, rows)
    changes: list[Change] = []
    if rows or created:
        changes = profile.project(ctx, {row.customer_id for row in rows} - created, new=created)
    touches = [
        TouchRow(
            person.customer_id,
            person.origin_id,
            read.record.source,
            touch.kind,
            touch.code,
            touch.params,
            read.record.seen_at,
        )
        for read, person in pairs
        if (touch := read.record.touch) is not None
    ]
    moved: list[Change] = []
    if touches:
        profile.save_touches(ctx, touches)
        moved = profile.project_touches(ctx, {row.customer_id for row in touches})
    sources: dict[int, str] = {}
    for read, person in pairs:
        sources.setdefault(person.customer_id, read.record.source)
    changes += [change for change in moved if change.customer_id not in created]
    events = people.created_events(ctx, created, sources) + people.change_events(ctx, changes)
    if events:
        recording.record(ctx, events)
