"""The tables of imports and their statements. The import's row, locked, is what workers take turns by."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Named,
    Row,
    Table,
    Text,
    TypedColumns,
    and_,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata, ring, unnest

Time = DateTime(timezone=True)
PART = 1024 * 1024
KEPT = timedelta(hours=24)
"""So long faulty rows wait for their report, and drafts for somebody to go on (erasure, R5: files within 24 hours)."""
WORKING = ("checking", "applying", "taking_back")


class ImportColumns(TypedColumns):
    import_id = Column(Integer, Identity(), primary_key=True)
    state: Named[str] = Column(Text)
    file_name: Named[str] = Column(Text)
    size: Named[int] = Column(BigInteger)
    sha256: Named[str] = Column(Text)
    reading: Named[dict[str, Any]] = Column(JSONB)
    sample: Named[list[Any]] = Column(JSONB)
    mapping: Named[dict[str, Any]] = Column(JSONB)
    counts: Named[dict[str, Any]] = Column(JSONB)
    rows_total: Named[int] = Column(Integer)
    rows_checked: Named[int] = Column(Integer)
    rows_done: Named[int] = Column(Integer)
    cursor: Named[int] = Column(Integer)
    machine_from: Named[float] = Column(Float(53))
    machine_to: Named[float] = Column(Float(53))
    start_journeys: Named[bool] = Column(Boolean)
    created_at: Named[datetime] = Column(Time)
    changed_at: Named[datetime] = Column(Time)
    applied_from: Named[datetime | None] = Column(Time)
    ended_at: Named[datetime | None] = Column(Time)
    purge_at: Named[datetime | None] = Column(Time)
    actor: Named[str] = Column(Text)
    applied_by: Named[str | None] = Column(Text)
    cancelled_by: Named[str | None] = Column(Text)


class PartColumns(TypedColumns):
    import_id = Column(Integer, primary_key=True, autoincrement=False)
    part_no = Column(Integer, primary_key=True, autoincrement=False)
    body: Named[bytes] = Column(LargeBinary)


class RowColumns(TypedColumns):
    import_id = Column(Integer, primary_key=True, autoincrement=False)
    row_no = Column(Integer, primary_key=True, autoincrement=False)
    cells: Named[list[str]] = Column(ARRAY(Text))


class FindingColumns(TypedColumns):
    import_id = Column(Integer, primary_key=True, autoincrement=False)
    row_no = Column(Integer, primary_key=True, autoincrement=False)
    outcome: Named[str] = Column(Text)
    faults: Named[list[Any]] = Column(JSONB)
    warnings: Named[list[Any]] = Column(JSONB)


class SeenColumns(TypedColumns):
    import_id = Column(Integer, primary_key=True, autoincrement=False)
    row_no = Column(Integer, primary_key=True, autoincrement=False)
    kind = Column(Text, primary_key=True)
    scope = Column(Text, primary_key=True)
    value = Column(Text, primary_key=True)
    name: Named[str] = Column(Text)


imports = Table("import", metadata, ImportColumns, Index(None, "state"), Index(None, "purge_at"))
part = Table("import_part", metadata, PartColumns)
row = Table("import_row", metadata, RowColumns)
finding = Table("import_finding", metadata, FindingColumns, Index(None, "import_id", "outcome", "row_no"))
seen = Table("import_identity", metadata, SeenColumns, Index(None, "import_id", "kind", "scope", "value"))


def add(ctx: Ctx, values: dict[str, Any]) -> int:
    """Insert an import."""
    return ctx.tx.execute(insert(imports).values(**values).returning(imports.c.import_id)).scalar_one()


def save_file(ctx: Ctx, import_id: int, path: Path) -> None:
    """Keep the file in parts."""
    with path.open("rb") as file:
        number = 0
        while block := file.read(PART):  # set-loop: one statement per MB of the file
            ctx.tx.execute(insert(part).values(import_id=import_id, part_no=number, body=block))
            number += 1


@contextmanager
def as_file(ctx: Ctx, import_id: int) -> Iterator[Path]:
    """The file on disk for the length of the block."""
    count = ctx.tx.execute(select(func.count()).where(part.c.import_id == import_id)).scalar_one()
    with TemporaryDirectory(prefix="siyu-import-") as folder:
        path = Path(folder) / "file"
        with path.open("wb") as file:
            for number in range(count):  # set-loop: one statement per MB of the file
                mine = select(part.c.body).where(part.c.import_id == import_id, part.c.part_no == number)
                file.write(ctx.tx.execute(mine).scalar_one())
        yield path


def one(ctx: Ctx, import_id: int, *, lock: bool = False) -> Row[Any] | None:
    """An import; with ``lock`` nobody else works on it until the transaction ends."""
    statement = select(imports).where(imports.c.import_id == import_id)
    return ctx.tx.execute(statement.with_for_update() if lock else statement).one_or_none()


def page(ctx: Ctx, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Imports, the latest first."""
    statement = select(imports).order_by(imports.c.import_id.desc()).limit(limit)
    return ctx.tx.execute(statement if before is None else statement.where(imports.c.import_id < before)).all()


def same_file(ctx: Ctx, sha256: str, import_id: int) -> int | None:
    """The latest other import of the same bytes that was imported."""
    statement = select(func.max(imports.c.import_id)).where(
        imports.c.sha256 == sha256, imports.c.import_id != import_id, imports.c.state.in_(("applying", "complete"))
    )
    return ctx.tx.execute(statement).scalar_one()


def change(ctx: Ctx, import_id: int, **values: Any) -> None:
    """Change an import; workers wake when there is work."""
    ctx.tx.execute(update(imports).where(imports.c.import_id == import_id).values(changed_at=ctx.now, **values))
    if values.get("state") in WORKING:
        ring(ctx, "import")


def working(ctx: Ctx) -> Row[Any] | None:
    """An import that has work to do and that nobody works on, locked; the oldest first."""
    statement = select(imports).where(imports.c.state.in_(WORKING)).order_by(imports.c.import_id).limit(1)
    return ctx.tx.execute(statement.with_for_update(skip_locked=True)).one_or_none()


any_working = select(imports.c.import_id).where(imports.c.state.in_(WORKING)).exists()
"""Whether any import has work to do."""
next_purge = select(func.min(imports.c.purge_at))
"""When the next file is to be forgotten."""


def copy_rows(ctx: Ctx, import_id: int, rows: Iterable[tuple[int, list[str]]]) -> int:
    """Stage the rows anew by COPY; returns how many."""
    clear(ctx, import_id)
    count = 0
    cursor: Any = ctx.tx.connection.cursor()
    with cursor, cursor.copy("copy import_row (import_id, row_no, cells) from stdin") as copy:
        for number, cells in rows:
            copy.write_row((import_id, number, cells))
            count += 1
    return count


def clear(ctx: Ctx, import_id: int) -> None:
    """Forget rows and findings."""
    for table in (row, finding, seen):  # set-loop: one statement per table
        columns: Any = table.c
        ctx.tx.execute(delete(table).where(columns.import_id == import_id))


def next_rows(ctx: Ctx, import_id: int, after: int, limit: int) -> Sequence[Any]:
    """Staged rows after ``after`` with the outcome of their check (None: not looked at, or plainly new)."""
    joined = row.outerjoin(finding, and_(finding.c.import_id == row.c.import_id, finding.c.row_no == row.c.row_no))
    statement = select(row.c.row_no, row.c.cells, finding.c.outcome).select_from(joined)
    statement = statement.where(row.c.import_id == import_id, row.c.row_no > after)
    return ctx.tx.execute(statement.order_by(row.c.row_no).limit(limit)).all()


def copy_out(ctx: Ctx, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into one of the tables of this file."""
    cursor: Any = ctx.tx.connection.cursor()
    with cursor, cursor.copy(f"copy {table} ({columns}) from stdin") as copy:
        for values in rows:
            copy.write_row(values)


def findings(
    ctx: Ctx, import_id: int, outcomes: Sequence[str], after: int, limit: int, *, told: bool = False
) -> Sequence[Row[Any]]:
    """Findings with their cells, by row number; ``told``: only those with a fault or a warning."""
    joined = finding.join(row, and_(row.c.import_id == finding.c.import_id, row.c.row_no == finding.c.row_no))
    statement = select(finding, row.c.cells).select_from(joined)
    statement = statement.where(finding.c.import_id == import_id, finding.c.row_no > after)
    if outcomes:
        statement = statement.where(finding.c.outcome.in_(outcomes))
    if told:
        statement = statement.where(func.jsonb_array_length(finding.c.faults + finding.c.warnings) > 0)
    return ctx.tx.execute(statement.order_by(finding.c.row_no).limit(limit)).all()


def refuse_rows(ctx: Ctx, import_id: int, rows: Sequence[tuple[int, str]]) -> None:
    """Note rows that turned out faulty when they were applied: (row_no, faults as JSON)."""
    new = unnest("n", row_no=(Integer(), [one_[0] for one_ in rows]), faults=(Text(), [one_[1] for one_ in rows]))
    values = select(literal(import_id), new.c.row_no, literal("error"), cast(new.c.faults, JSONB), literal([], JSONB))
    statement = upsert(finding).from_select(["import_id", "row_no", "outcome", "faults", "warnings"], values)
    given = {"outcome": "error", "faults": statement.excluded.faults}
    ctx.tx.execute(statement.on_conflict_do_update(index_elements=[finding.c.import_id, finding.c.row_no], set_=given))


def purge(ctx: Ctx, limit: int) -> int:
    """Forget files, and rows without a fault, of imports that ended; 24 hours later the faulty rows too.

    Drafts that nobody went on with end as cancelled, when they were last touched, before the first row goes: else
    somebody could apply what is left of them. At most ``limit`` rows a call; returns how many were deleted.
    """
    due = select(imports).where(imports.c.purge_at <= ctx.now).order_by(imports.c.purge_at).limit(1)
    found = ctx.tx.execute(due.with_for_update(skip_locked=True)).one_or_none()
    if found is None:
        return 0
    import_id = found.import_id
    ended_at = found.ended_at
    if ended_at is None:
        ended_at = found.purge_at - KEPT
        change(ctx, import_id, state="cancelled", ended_at=ended_at, sample=[])
    last = ended_at + KEPT <= ctx.now
    faulty = select(finding.c.row_no).where(finding.c.import_id == import_id, finding.c.outcome == "error")
    done = 0
    for table in (part, seen, finding, row):  # set-loop: one statement per table
        columns: Any = table.c
        mine = select(*table.primary_key).where(columns.import_id == import_id).limit(limit)
        if table in (finding, row) and not last:
            mine = mine.where(columns.row_no.not_in(faulty))
        # Parts have a MB each: a few at a time.
        gone = delete(table).where(tuple_(*table.primary_key).in_(mine.limit(20) if table is part else mine))
        done += ctx.tx.execute(gone, execution_options={"preserve_rowcount": True}).rowcount
    if not done:
        change(ctx, import_id, purge_at=None if last else ended_at + KEPT, sample=[])
    return max(done, 1)
