"""Private: a chunk of checked rows becomes customers; or what they became is taken back.

Chunk and cursor commit together, so that after kill -9 the work goes on with the first row that is not in.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from siyu.customers import erasing, identifying, recording
from siyu.customers.importing import checking, matching, store
from siyu.customers.importing.actions import source_of
from siyu.customers.importing.parsing import Plan, parse
from siyu.customers.importing.types import Fault, Parsed
from siyu.customers.store import erasing as store_erasing
from siyu.customers.store import identities
from siyu.customers.types import NewEvent, Person, Record, Touch
from siyu.kernel.ctx import Actor, Ctx

IMPORTED, WITHDRAWN = "imported", "import_withdrawn"
"""Events for the room tags, which is above this one: give people these tags; take back what the import gave."""


def acting(ctx: Ctx, row: Any) -> Ctx:
    """The context of an import: its label is what provenance shows; quiet unless journeys may start."""
    return replace(ctx, actor=Actor("rule", source_of(row.import_id)), quiet=not row.start_journeys)


def _record(row: Parsed, import_id: int, started: Any, *, arrives: bool) -> Record:
    return Record(
        source_of(import_id),
        str(row.row_no),
        row.identities,
        started + timedelta(microseconds=row.row_no),  # of two rows about one person the later one wins
        row.values,
        Touch("import", str(import_id)) if arrives else None,
    )


def apply_chunk(ctx: Ctx, row: Any, plan: Plan, rows: Sequence[Any]) -> tuple[int, int]:
    """Import staged rows (row_no, cells, outcome) that have no fault; returns (new customers, rows refused now).

    Definitions may have changed since the check; a row that does not fit any more is refused whole, with its reason.
    """
    inner = acting(ctx, row)
    parsed = [parse(plan, one.row_no, one.cells) for one in rows if one.outcome != "error"]
    new = {one.row_no for one in rows if one.outcome in (None, "new")}
    good = [one for one in parsed if not one.faults]
    refused = [(one.row_no, list(one.faults)) for one in parsed if one.faults]
    records = [_record(one, row.import_id, row.applied_from, arrives=one.row_no in new) for one in good]
    reads, faults = identifying.read_all(inner, records)
    for place, error in faults.items():
        fault = Fault(error.code, "与属性或标识的要求不符", error.message, error.field or "")
        refused.append((good[place].row_no, [fault]))
    good = [one for place, one in enumerate(good) if place not in faults]
    if refused:
        store.refuse_rows(ctx, row.import_id, [(number, checking.as_json(told)) for number, told in refused])
    if not reads:
        return 0, len(refused)
    before = matching.highest_origin(ctx)
    found = identifying.apply(inner, reads)
    _tell(inner, row.import_id, good, found)
    return len({one.customer_id for one in found if one.customer_id > before}), len(refused)


def _tell(ctx: Ctx, import_id: int, rows: Sequence[Parsed], found: Sequence[Person]) -> None:
    events = [
        NewEvent(
            source_of(import_id),
            f"row:{one.row_no}",
            IMPORTED,
            ctx.now,
            person.customer_id,
            props={"import_id": import_id, "row": one.row_no, "tags": "\n".join(one.tags)},
            origin_id=person.origin_id,
        )
        for one, person in zip(rows, found, strict=True)
        if one.tags
    ]
    recording.record(ctx, events, imported=True)


def take_back_chunk(ctx: Ctx, row: Any, limit: int) -> int:
    """Withdraw what the import said about up to ``limit`` origins; 0 when all is taken back."""
    inner, source = replace(acting(ctx, row), quiet=True), source_of(row.import_id)
    identities.lock_identities(ctx)
    if row.mapping["tags"] or any(column["use"] == "tag" for column in row.mapping["columns"]):
        origins = store_erasing.told_by(ctx, source, limit)
        homes = identities.customers_of(ctx, origins)
        props = {"import_id": row.import_id}
        told = [
            NewEvent("customers", f"{source}:withdrawn:{one}", WITHDRAWN, ctx.now, home, props=props, origin_id=one)
            for one, home in homes.items()
        ]
        recording.record(inner, told)
    return erasing.take_back(inner, source, limit)
