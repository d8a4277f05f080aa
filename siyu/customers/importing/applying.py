"""Private: a chunk of checked rows becomes customers; or what they became is taken back.

Chunk and cursor commit together, so that after kill -9 the work goes on with the first row that is not in.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from siyu.customers import erasing, identifying, recording
from siyu.customers.importing import checking, matching, store
from siyu.customers.importing.actions import source_of
from siyu.customers.importing.parsing import Plan, parse
from siyu.customers.importing.types import Parsed
from siyu.customers.store import erasing as store_erasing
from siyu.customers.store import identities
from siyu.customers.types import NewEvent, Record, Touch
from siyu.kernel.ctx import Actor, Ctx

IMPORTED, WITHDRAWN = "imported", "import_withdrawn"
"""Each row that was written, and that it is taken back; the room tags, above this one, gives and takes tags by them."""


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


def apply_chunk(ctx: Ctx, row: Any, plan: Plan, rows: Sequence[Any]) -> Counter[str]:
    """Import staged rows (row_no, cells, outcome) that have no fault; counts rows applied, customers created, refused.

    Definitions may have changed since the check; a row that does not fit any more is refused whole, with its reason.
    """
    inner = acting(ctx, row)
    parsed = [parse(plan, one.row_no, one.cells) for one in rows if one.outcome != "error"]
    new = {one.row_no for one in rows if one.outcome in (None, "new")}
    good = [one for one in parsed if not one.faults]
    refused = [(one.row_no, list(one.faults)) for one in parsed if one.faults]
    records = [_record(one, row.import_id, row.applied_from, arrives=one.row_no in new) for one in good]
    if refused:
        store.refuse_rows(ctx, row.import_id, [(number, checking.as_json(told)) for number, told in refused])
    if not records:
        return Counter(refused=len(refused))
    before = matching.highest_origin(ctx)
    told = [[event] for event in _events(inner, row, good)]
    found = identifying.apply(inner, [identifying.ready(record) for record in records], told, news=True)
    created = {one.customer_id for one in found if one.customer_id > before}
    return Counter(applied=len(good), created=len(created), refused=len(refused))


def _named(row: Any, by: str | None) -> dict[str, object]:
    return {"import_id": row.import_id, "file": row.file_name, "by": by}


def _events(ctx: Ctx, row: Any, rows: Sequence[Parsed]) -> Iterator[NewEvent]:
    source, named = source_of(row.import_id), _named(row, row.applied_by)
    for one in rows:
        props = {**named, "row": one.row_no, **({"tags": "\n".join(one.tags)} if one.tags else {})}
        yield NewEvent(source, f"row:{one.row_no}", IMPORTED, ctx.now, 0, props=props)


def take_back_chunk(ctx: Ctx, row: Any, limit: int) -> int:
    """Withdraw what the import said about up to ``limit`` origins; 0 when all is taken back."""
    inner, source = replace(acting(ctx, row), quiet=True), source_of(row.import_id)
    identities.lock_identities(ctx)
    homes = identities.customers_of(ctx, store_erasing.told_by(ctx, source, limit))
    named = _named(row, row.cancelled_by)
    told = [
        NewEvent("customers", f"{source}:withdrawn:{one}", WITHDRAWN, ctx.now, home, props=named, origin_id=one)
        for one, home in homes.items()
    ]
    recording.record(inner, told)
    return erasing.take_back(inner, source, limit)
