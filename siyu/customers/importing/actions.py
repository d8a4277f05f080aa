"""Private to customers: what a person does with an import, step by step."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from siyu.customers import queries
from siyu.customers.importing import headers, parsing, reading, store
from siyu.customers.importing.types import (
    BadImportFile,
    ColumnUse,
    ImportState,
    Look,
    Reading,
    State,
    UnknownImport,
    Wanted,
)
from siyu.customers.types import Definition
from siyu.kernel import audit
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the columns mean, and what else importing does."""

    columns: tuple[ColumnUse, ...]
    source_name: str = ""
    tags: tuple[str, ...] = ()
    start_journeys: bool = False


def source_of(import_id: int) -> str:
    """The source of everything that an import says."""
    return f"import:{import_id}"


def definitions_of(ctx: Ctx) -> dict[str, Definition]:
    """All attributes by name."""
    return {one.name: one for one in queries.definitions(ctx)}


def start(ctx: Ctx, path: Path, name: str) -> int:
    """Take a file in and look at it; returns import_id. Raises BadImportFile, CompressedBomb, ImportTooLarge."""
    look = reading.look(path, Wanted(), headers.titles_of(queries.definitions(ctx)))
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    values: dict[str, Any] = {
        "state": "draft",
        "file_name": name[:200],
        "size": path.stat().st_size,
        "sha256": sha256,
        "created_at": ctx.now,
        "changed_at": ctx.now,
        "purge_at": ctx.now + store.KEPT,
        "actor": ctx.actor.label,
        "start_journeys": False,
        "machine_from": 0.0,
        "machine_to": 0.0,
        "counts": {},
    }
    zeros = dict.fromkeys(("rows_total", "rows_checked", "rows_done", "cursor"), 0)
    import_id = store.add(ctx, values | zeros | _looked(ctx, look))
    store.save_file(ctx, import_id, path)
    audit.record(ctx, "customers.start_import", "import", import_id, sha256=sha256)
    return import_id


def _looked(ctx: Ctx, look: Look) -> dict[str, Any]:
    suggested = headers.suggest(look.reading.columns, headers.titles_of(queries.definitions(ctx)))
    mapping = Meaning(tuple(suggested))
    return {
        "reading": asdict(look.reading),
        "sample": [[number, list(row)] for number, row in look.sample],
        "mapping": asdict(mapping),
    }


def reading_of(row: Any) -> Reading:
    """The stored reading."""
    found = dict(row.reading)
    return Reading(**{**found, "sheets": tuple(found["sheets"]), "columns": tuple(found["columns"])})


def mapping_of(row: Any) -> Meaning:
    """The stored mapping."""
    found = row.mapping
    columns = tuple(ColumnUse(**one) for one in found["columns"])
    return Meaning(columns, found["source_name"], tuple(found["tags"]), found["start_journeys"])


def plan_of(ctx: Ctx, row: Any) -> parsing.Plan:
    """The plan that rows are checked by. Raises BadMapping."""
    mapping = mapping_of(row)
    titles = reading_of(row).columns
    return parsing.plan(titles, mapping.columns, mapping.source_name, mapping.tags, definitions_of(ctx), ctx.zone)


def locked(ctx: Ctx, import_id: int, *states: State) -> Any:
    """The import, for this transaction alone; raises UnknownImport, ImportState."""
    row = store.one(ctx, import_id, lock=True)
    if row is None:
        raise UnknownImport(f"there is no import {import_id}", field="import_id")
    if row.state not in states:
        detail = {"state": row.state, "possible_in": list(states)}
        raise ImportState(f"not while the import is {row.state}", field="import_id", detail=detail)
    return row


def _back_to_draft(ctx: Ctx, row: Any, **values: Any) -> None:
    if row.state == "checked":
        store.clear(ctx, row.import_id)
    zeros = dict.fromkeys(("rows_total", "rows_checked", "rows_done", "cursor"), 0)
    store.change(ctx, row.import_id, state="draft", counts={}, purge_at=ctx.now + store.KEPT, **zeros, **values)


def read_again(ctx: Ctx, import_id: int, wanted: Wanted) -> None:
    """Read the file as told; the suggested mapping comes anew. Raises as start, UnknownImport, ImportState."""
    row = locked(ctx, import_id, "draft", "checked")
    before = reading_of(row)
    if before.kind == "csv":
        wanted = replace(wanted, encoding=wanted.encoding or before.encoding, sheet=None)
    elif wanted.encoding or wanted.delimiter:
        raise BadImportFile("a workbook has neither encoding nor delimiter", field="encoding")
    with store.as_file(ctx, import_id) as path:
        look = reading.look(path, wanted, headers.titles_of(queries.definitions(ctx)))
    _back_to_draft(ctx, row, **_looked(ctx, look))


def set_mapping(ctx: Ctx, import_id: int, mapping: Meaning) -> None:
    """Say what the columns mean. Raises UnknownImport, ImportState, BadMapping."""
    row = locked(ctx, import_id, "draft", "checked")
    titles = reading_of(row).columns
    parsing.plan(titles, mapping.columns, mapping.source_name, mapping.tags, definitions_of(ctx), ctx.zone)
    _back_to_draft(ctx, row, mapping=asdict(mapping), start_journeys=mapping.start_journeys)


def check(ctx: Ctx, import_id: int) -> None:
    """Stage all rows and let the ticks check them. Raises UnknownImport, ImportState, BadMapping, BadImportFile."""
    row = locked(ctx, import_id, "draft", "checked")
    plan_of(ctx, row)
    with store.as_file(ctx, import_id) as path:
        total = store.copy_rows(ctx, import_id, reading.rows(path, reading_of(row)))
    _begin(ctx, import_id, "checking", rows_total=total, rows_checked=0, counts={}, purge_at=ctx.now + store.KEPT)


def apply(ctx: Ctx, import_id: int) -> None:
    """Import the checked rows, by ticks. Raises UnknownImport, ImportState."""
    row = locked(ctx, import_id, "checked")
    counts: Mapping[str, int] = row.counts
    if row.rows_total == counts.get("error", 0):
        raise ImportState("no row of the file can be imported", field="import_id")
    _begin(ctx, import_id, "applying", rows_done=0, purge_at=None, applied_from=ctx.now, applied_by=ctx.actor.label)
    audit.record(ctx, "customers.apply_import", "import", import_id, rows=row.rows_total)


def cancel(ctx: Ctx, import_id: int) -> None:
    """End an import; what it wrote is taken back, also after it was complete. Raises UnknownImport, ImportState.

    Ends ``cancelled`` when nothing was written, else ``taken_back``.
    """
    row = locked(ctx, import_id, "draft", "checking", "checked", "applying", "complete")
    if row.state in ("applying", "complete"):
        _begin(ctx, import_id, "taking_back", purge_at=None, cancelled_by=ctx.actor.label)
    else:
        ended: dict[str, Any] = {"ended_at": ctx.now, "purge_at": ctx.now, "sample": []}
        store.change(ctx, import_id, state="cancelled", cancelled_by=ctx.actor.label, **ended)
    audit.record(ctx, "customers.cancel_import", "import", import_id)


def _begin(ctx: Ctx, import_id: int, state: State, **values: Any) -> None:
    now = machine()
    store.change(ctx, import_id, state=state, cursor=0, machine_from=now, machine_to=now, **values)


def sample_of(row: Any) -> Sequence[tuple[int, Sequence[str]]]:
    """The first rows, for confirmation."""
    return [(number, cells) for number, cells in row.sample]
