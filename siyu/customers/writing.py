"""Private: writing attributes by people and rules, as facts of the customers."""

from collections.abc import Mapping, Sequence
from typing import Any

from siyu.customers import attributes, people, recording
from siyu.customers.store import facts, identities, profile
from siyu.customers.store.facts import AUTOMATIC, HAND
from siyu.customers.store.rows import FactRow
from siyu.customers.types import BadAttribute, Definition, UnknownCustomer
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx


def checked(ctx: Ctx, definitions: Mapping[str, Definition], name: str, value: object, field: str) -> Any:
    """The stored form of a value that this actor may write. Raises UnknownAttribute, BadAttribute."""
    found = attributes.lookup(definitions, name, field)
    hand = ctx.actor.kind == "staff"
    if found.mode == ("rule" if hand else "hand"):
        raise BadAttribute(f"{name} may not be written {'by hand' if hand else 'by rules'}", field=field)
    return attributes.checked(found, value, field)


def write(ctx: Ctx, rows: Sequence[tuple[int, str, Any]], why: str) -> None:
    """Store checked values (customer_id, name, value), bring the profiles up to date, tell the timeline."""
    if not rows:
        return
    hand = ctx.actor.kind == "staff"
    homes = identities.customers_of(ctx, {row[0] for row in rows})
    if missing := {row[0] for row in rows} - set(homes):
        raise UnknownCustomer(f"there is no customer {min(missing)}", field="customer_id")
    source = "hand" if hand else why or ctx.actor.label
    told = [
        FactRow(homes[one], one, source, {name: value}, HAND if hand else AUTOMATIC, ctx.now, ctx.actor.label)
        for one, name, value in rows
    ]
    facts.save_facts(ctx, told)
    names = sorted({name for _, name, _ in rows})
    changes = profile.project(ctx, {row.customer_id for row in told}, names=names)
    recording.record(ctx, (), own=people.change_events(ctx, changes))
    if ctx.actor.kind in ("staff", "api_key"):
        ids = sorted({row.customer_id for row in told})
        which = ids[0] if len(ids) == 1 else "many"
        audit.record(ctx, "customers.set_attributes", "customer", which, names=names, count=len(ids))
