"""Private: the chunks of imports: check, apply, take back; and forgetting files (docs/adr/0020)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from siyu.customers.importing import people, store
from siyu.customers.importing.actions import plan_of, source_of
from siyu.customers.importing.applying import apply_chunk, take_back_chunk
from siyu.customers.importing.checking import check_chunk
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.probes import Due, Probe

CHUNK = 1000
"""Rows of one transaction, about 200 ms of the worker."""


def tick(ctx: Ctx, limit: int) -> int:
    """Do the next chunk of one import; returns how many rows that were, 0 when nothing waits."""
    row = store.working(ctx)
    if row is None:
        return store.purge(ctx, min(limit, 10 * CHUNK))
    size = min(limit, CHUNK)
    match row.state:
        case "checking":
            return _check(ctx, row, size)
        case "applying":
            return _apply(ctx, row, size)
    return _take_back(ctx, row, size)


def _check(ctx: Ctx, row: Any, size: int) -> int:
    chunk = store.next_rows(ctx, row.import_id, row.cursor, size)
    counts = Counter(row.counts)
    if chunk:
        counts += check_chunk(ctx, row.import_id, plan_of(ctx, row), chunk)
    values: dict[str, Any] = {"counts": dict(counts), "rows_checked": row.rows_checked + len(chunk)}
    if len(chunk) < size:
        values |= {"state": "checked", "cursor": 0}
    else:
        values["cursor"] = chunk[-1].row_no
    store.change(ctx, row.import_id, machine_to=machine(), **values)
    return max(len(chunk), 1)


def _apply(ctx: Ctx, row: Any, size: int) -> int:
    chunk = store.next_rows(ctx, row.import_id, row.cursor, size)
    counts: Counter[str] = Counter(row.counts)
    if chunk:
        counts += apply_chunk(ctx, row, plan_of(ctx, row), chunk)
    told = dict(counts)
    values: dict[str, Any] = {"rows_done": row.rows_done + len(chunk)}
    if len(chunk) < size:
        told |= _whom(ctx, row, counts)
        values |= {"state": "complete", "cursor": 0, "ended_at": ctx.now, "purge_at": ctx.now, "sample": []}
    else:
        values["cursor"] = chunk[-1].row_no
    store.change(ctx, row.import_id, machine_to=machine(), counts=told, **values)
    return max(len(chunk), 1)


def _whom(ctx: Ctx, row: Any, counts: Counter[str]) -> dict[str, int]:
    """Whom the rows that were written mean: every row is somebody's first, or falls on somebody of another row."""
    found = people.summary(ctx, source_of(row.import_id), row.applied_from)
    known = found["customers"] - found["created"]
    return {**found, "known": known, "doubled": counts["applied"] - found["customers"]}


def _take_back(ctx: Ctx, row: Any, size: int) -> int:
    values: dict[str, Any] = {}
    if row.cursor == 0 and row.ended_at is None:  # what it had written when it was cancelled on its way
        values["counts"] = dict(row.counts) | _whom(ctx, row, Counter(row.counts))
    done = take_back_chunk(ctx, row, size)
    values["cursor"] = row.cursor + done
    if done < size:
        values |= {"state": "taken_back", "ended_at": ctx.now, "purge_at": ctx.now, "sample": []}
    store.change(ctx, row.import_id, machine_to=machine(), **values)
    return max(done, 1)


def _next(ctx: Ctx, values: Sequence[Any]) -> datetime | None:
    working, purge = values
    return ctx.now if working else purge


DUE: Due = Probe((store.any_working, store.next_purge.scalar_subquery()), _next)
"""Now while an import has work to do, else when the next file is to be forgotten."""
