"""Private: records in, customers out. Known people cost two look-ups; only new facts wait for the lock."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from siyu.customers import attributes, erasing, normal, people, recording
from siyu.customers.store import facts as store_facts
from siyu.customers.store import identities, looking, newcomers, profile, standing
from siyu.customers.store.facts import AUTOMATIC
from siyu.customers.store.looking import Fact, Known, Seen
from siyu.customers.store.profile import Change
from siyu.customers.store.rows import FactRow, TouchRow
from siyu.customers.types import (
    ANONYMOUS,
    EXCLUSIVE,
    RECORD,
    WEAK,
    BadIdentity,
    Definition,
    Identity,
    NewEvent,
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
    parts: list[Identity] = field(init=False)
    """Every identity that is a fact of the record's origin."""

    def __post_init__(self) -> None:
        self.parts = self.nodes + self.weak


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


def ready(record: Record) -> Read:
    """A record whose identities and values are in their normal form: checked already, and found to say who this is."""
    weak = [one for one in record.identities if one.kind in WEAK]
    nodes = [one for one in record.identities if one.kind not in WEAK] or [Identity(RECORD, record.key, record.source)]
    told = {one.kind: one.value for one in reversed(weak)} if weak else {}
    return Read(record, nodes, weak, [], {**told, **record.attributes})


def _definitions(ctx: Ctx, records: Iterable[Record]) -> Mapping[str, Definition]:
    """Read only where somebody uses an attribute of the company's own: callbacks never do."""
    if all(name in attributes.BUILTIN for record in records for name in record.attributes):
        return attributes.BUILTIN
    return {**attributes.BUILTIN, **store_facts.definitions(ctx)}


def read_all(ctx: Ctx, records: Sequence[Record]) -> tuple[list[Read], dict[int, SiyuError]]:
    """All records that can be read, and the fault of each that cannot, by its place."""
    definitions = _definitions(ctx, records)
    reads: list[Read] = []
    faults: dict[int, SiyuError] = {}
    for index, record in enumerate(records):
        try:
            reads.append(read(ctx, record, index, definitions))
        except SiyuError as error:
            faults[index] = error
    return reads, faults


def recognise(ctx: Ctx, records: Sequence[Record], then: Sequence[Sequence[NewEvent]] = ()) -> list[Person]:
    """See actions.recognise."""
    reads, faults = read_all(ctx, records)
    if faults:
        raise faults[min(faults)]
    return apply(ctx, reads, then)


def apply(
    ctx: Ctx, reads: Sequence[Read], then: Sequence[Sequence[NewEvent]] = (), *, news: bool = False
) -> list[Person]:
    """Write what the records say; returns whom each means.

    ``news``: the caller knows that nobody said this before, and that nobody else has the keys of the events.
    """
    if not reads:
        return []
    facts = _facts(reads)
    if news:
        identities.lock_identities(ctx)
    seen = looking.look(ctx, facts)
    fresh: set[int] = set()
    if len(seen.stored) < len(facts):
        if not news:
            identities.lock_identities(ctx)
        unknown = [one for _, one, _ in facts if one not in seen.known]
        seen, fresh = _add(ctx, reads, facts, erasing.look(ctx, facts, unknown, seen if news else None))
    mains = [_node(seen.known, read.nodes[0]) for read in reads]
    found = [Person(seen.homes[main], main) for main in mains]
    _bind(ctx, reads, found)
    own = _describe(ctx, reads, found, fresh, {seen.homes[origin] for origin in fresh} & fresh)
    # set-loop: pure
    events = [
        NewEvent(
            one.source,
            one.key,
            one.type,
            one.occurred_at,
            person.customer_id,
            one.content_id,
            one.props,
            person.origin_id,
        )
        for person, told in zip(found, then, strict=False)
        for one in told
    ]
    if news:
        recording.record(ctx, (), own=[*own, *events])
    else:
        recording.record(ctx, events, own=own)
    return found


def _node(known: Known, one: Identity) -> int:
    origin = known[one][1]
    assert origin is not None, "an exclusive identity always has an origin"
    return origin


def _facts(reads: Iterable[Read]) -> dict[Fact, Read]:
    """What the records assert. Every node has its own value; the first one the others."""
    facts: dict[Fact, Read] = {}
    for read in reads:
        main, source = read.nodes[0], read.record.source
        for one in read.parts:
            facts.setdefault((main, one, source), read)
        for one in read.nodes[1:]:
            facts.setdefault((one, one, source), read)
    return facts


def _add(ctx: Ctx, reads: Sequence[Read], facts: Mapping[Fact, Read], seen: Seen) -> tuple[Seen, set[int]]:
    """Under the lock: store new identities and facts, resolve where people may change; answers who is who, new origins.

    ``seen``: what was stored before, looked up under the lock.
    """
    new = list(dict.fromkeys(one for read in reads for one in read.parts if one not in seen.known))
    made = identities.add_identities(ctx, [(one, one.kind not in WEAK) for one in new]) if new else {}
    seen.known.update(made)
    fresh = {origin for _, origin in made.values() if origin is not None}
    missing = [fact for fact in facts if fact not in seen.stored]
    alone, seeds = _sort(ctx, reads, seen.known, made, missing)
    if fresh:
        identities.add_origins(ctx, [(origin, alone.get(origin, origin)) for origin in sorted(fresh)])
    if missing:
        identities.add_assertions(
            ctx,
            [
                (_node(seen.known, node), seen.known[one][0], source, facts[node, one, source].record.seen_at)
                for node, one, source in missing
            ],
        )
    seen.homes.update((origin, alone.get(origin, origin)) for origin in fresh)
    if seeds:
        seen.homes.update(people.settle(ctx, seeds, fresh))
    return seen, fresh


def _sort(
    ctx: Ctx, reads: Sequence[Read], known: Known, made: Known, missing: Sequence[Fact]
) -> tuple[dict[int, int], set[int]]:
    """Origins of which it is plain who they are (origin -> customer), and those around which people may change.

    A record whose identities are all new, named by no other record of the batch and without a contradiction among
    themselves cannot meet anybody. One that has nothing of its own, and whose phone and email one customer alone has
    about whom there is no doubt, adds nothing that could contradict: it is that customer. What another source has told
    of the same origin before changes nobody.
    """
    uses = Counter(one for read in reads for one in read.parts)
    news: dict[Identity, list[Identity]] = {}
    for node, one, _ in missing:
        news.setdefault(node, []).append(one)
    old_weak = {known[one][0] for ones in news.values() for one in ones if one.kind in WEAK and one not in made}
    met = identities.holders(ctx, sorted(old_weak)) if old_weak else {}
    told = [
        (_node(known, node), known[one][0])
        for node, ones in news.items()
        for one in ones
        if one != node and node not in made and one not in made
    ]
    before = identities.asserted(ctx, told) if told else set()
    alone: dict[int, int] = {}
    seeds: set[int] = set()
    for read in reads:
        node, origin = read.nodes[0], _node(known, read.nodes[0])
        slots = {(one.kind, one.scope) for one in read.nodes}
        contradicts = len(slots) < len(read.nodes)
        if not contradicts and all(one in made for one in read.nodes) and all(uses[one] == 1 for one in read.parts):
            homes = {met[known[one][0]] for one in read.weak if known[one][0] in met}
            if not homes:
                alone |= dict.fromkeys((_node(known, one) for one in read.nodes), origin)
                continue
            if len(homes) == 1 and identities.DOUBTFUL not in homes and node.kind == RECORD:
                alone[origin] = min(homes)
                continue
        for one in news.get(node, ()):
            joins = one.kind not in WEAK and one != node
            meets = one.kind in WEAK and (uses[one] > 1 or known[one][0] in met)
            if (joins or meets) and (origin, known[one][0]) not in before:
                seeds.add(origin)
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


def _describe(
    ctx: Ctx, reads: Sequence[Read], found: Sequence[Person], fresh: set[int], created: set[int]
) -> list[NewEvent]:
    """Attributes and touches; returns the events that tell of them. ``fresh`` origins and ``created`` customers."""
    told: list[FactRow] = []
    touches: list[TouchRow] = []
    sources: dict[int, str] = {}
    for read, (customer_id, origin_id) in zip(reads, ((one.customer_id, one.origin_id) for one in found), strict=True):
        record = read.record
        source, at, touch = record.source, record.seen_at, record.touch
        sources.setdefault(customer_id, source)
        if read.values:
            told.append(FactRow(customer_id, origin_id, source, read.values, AUTOMATIC, at, source))
        if touch is not None:
            touches.append(TouchRow(customer_id, origin_id, source, touch.kind, touch.code, touch.params, at))
    if told:
        store_facts.save_facts(ctx, told, fresh)
    if touches:
        store_facts.save_touches(ctx, touches, fresh)
    known = {row.customer_id for row in told} - created
    changes: list[Change] = []
    if known or created:
        changes = profile.project(
            ctx,
            known,
            new=created,
            told=newcomers.values(told, created),
            sources=newcomers.sources(touches, created),
        )
    if touched := {row.customer_id for row in touches} - created:
        changes += standing.project_touches(ctx, touched, locked=known)
    return people.created_events(ctx, created, sources) + people.change_events(ctx, changes)
