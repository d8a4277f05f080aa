"""Private: imports as they go in and out over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from siyu.customers.bodies import ListedOut, masked
from siyu.customers.importing import actions
from siyu.customers.importing.types import ColumnUse, Outcome, State, Use
from siyu.customers.normal import masked_phone
from siyu.kernel.text import CleanText


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReadingIn(_Input):
    """How to read the file; what is left out is detected."""

    encoding: CleanText | None = Field(default=None, max_length=32, examples=["gb18030"])
    delimiter: CleanText | None = Field(default=None, max_length=1, examples=[","])
    sheet: CleanText | None = Field(default=None, max_length=64)
    header_row: int | None = Field(default=None, ge=0, le=1000, description="the last row of the header; 0: none")


class ColumnIn(_Input):
    """What a column means."""

    index: int = Field(ge=0, lt=200, examples=[0])
    use: Use = Field(examples=["attribute"])
    name: CleanText = Field(
        default="", max_length=63, description="attribute name, identity kind or tag group", examples=["name"]
    )
    scope: CleanText = Field(default="", max_length=64, description="corp id or account_id; of a CRM id the source")

    def known(self) -> ColumnUse:
        """As the room's value."""
        return ColumnUse(self.index, self.use, self.name, self.scope)


class MappingIn(_Input):
    """What all columns mean, and what else importing does. Columns left out are ignored."""

    columns: list[ColumnIn] = Field(min_length=1, max_length=200)
    source_name: CleanText = Field(
        default="", max_length=64, pattern=r"^[a-z0-9_.-]*$", description="the system of the CRM ids", examples=["crm"]
    )
    tags: list[CleanText] = Field(default=[], max_length=20, description="group/name each", examples=[["导入/三月"]])
    start_journeys: bool = Field(default=False, description="whether the import may let people enter journeys")

    def known(self) -> actions.Meaning:
        """As the room's value."""
        columns = tuple(one.known() for one in self.columns)
        return actions.Meaning(columns, self.source_name, tuple(self.tags), self.start_journeys)


class ReadingOut(BaseModel):
    """How the file is read. ``certain``: the encoding is proven, else a guess to confirm."""

    kind: str
    encoding: str
    certain: bool
    delimiter: str
    sheet: str
    sheets: list[str]
    header_row: int


class ColumnOut(BaseModel):
    """A column with sample values and what it is mapped to."""

    index: int
    title: str
    samples: list[str]
    use: Use
    name: str
    scope: str


class SampleRow(BaseModel):
    """A row of the file, decoded."""

    row: int
    cells: list[str]


class CountsOut(BaseModel):
    """Rows by what importing them will do (a forecast), and what it did.

    ``update``: a known customer; ``duplicate``: somebody of an earlier row; ``merge``: joins known customers;
    ``conflict``: becomes a review case; ``warnings``: rows that contradict others. What it did: ``applied`` rows were
    written, ``refused`` were not. At the end ``customers`` people are known by them, ``created`` of them new and
    ``known`` before; ``doubled`` rows fell on the same person as another row, so applied = created + known + doubled.
    ``cases``: open review cases among them.
    """

    new: int
    update: int
    duplicate: int
    merge: int
    conflict: int
    error: int
    warnings: int
    applied: int
    created: int
    known: int
    doubled: int
    customers: int
    cases: int
    refused: int


class ProgressOut(BaseModel):
    """How far the present step is, in rows, or in people taken back; ``per_second`` in machine time."""

    total: int
    done: int
    per_second: float
    errors: int


class ImportOut(BaseModel):
    """An import. ``cancelled``: it ended before it wrote anything; ``taken_back``: it wrote, and nothing is left of it.

    ``actor`` uploaded the file, ``applied_by`` had it imported, ``cancelled_by`` cancelled it or took it back.
    """

    import_id: int
    state: State
    file_name: str
    size: int
    same_file_as: int | None
    reading: ReadingOut
    columns: list[ColumnOut]
    sample: list[SampleRow]
    source_name: str
    tags: list[str]
    start_journeys: bool
    counts: CountsOut
    progress: ProgressOut
    created_at: datetime
    applied_at: datetime | None
    ended_at: datetime | None
    actor: str
    applied_by: str | None
    cancelled_by: str | None

    @classmethod
    def of(cls, row: Any, same: int | None, clear: bool) -> "ImportOut":
        """With mobile numbers and emails in the sample masked unless ``clear``."""
        reading, mapping = actions.reading_of(row), actions.mapping_of(row)
        uses = {one.index: one for one in mapping.columns}
        sample = [(number, cells if clear else masked(list(cells))) for number, cells in actions.sample_of(row)]
        columns = []
        for index, title in enumerate(reading.columns):
            use = uses.get(index, ColumnUse(index, "ignore"))
            values = [cells[index] for _, cells in sample if index < len(cells) and cells[index]]
            columns.append(
                ColumnOut(index=index, title=title, samples=values[:3], use=use.use, name=use.name, scope=use.scope)
            )
        counts = CountsOut(**{name: row.counts.get(name, 0) for name in CountsOut.model_fields})
        return cls(
            import_id=row.import_id,
            state=row.state,
            file_name=row.file_name,
            size=row.size,
            same_file_as=same,
            reading=ReadingOut(**{name: row.reading[name] for name in ReadingOut.model_fields}),
            columns=columns,
            sample=[SampleRow(row=number, cells=list(cells)) for number, cells in sample],
            source_name=mapping.source_name,
            tags=list(mapping.tags),
            start_journeys=mapping.start_journeys,
            counts=counts,
            progress=_progress(row, counts),
            created_at=row.created_at,
            applied_at=row.applied_from,
            ended_at=row.ended_at,
            actor=row.actor,
            applied_by=row.applied_by,
            cancelled_by=row.cancelled_by,
        )


def _progress(row: Any, counts: CountsOut) -> ProgressOut:
    done = {"checking": row.rows_checked, "checked": row.rows_checked, "taking_back": row.cursor}.get(
        row.state, row.rows_done
    )
    total = row.counts.get("origins", row.rows_total) if row.state == "taking_back" else row.rows_total
    seconds = row.machine_to - row.machine_from
    speed = round(done / seconds, 1) if seconds > 0 else 0.0
    return ProgressOut(total=total, done=done, per_second=speed, errors=counts.error + counts.refused)


class ImportsOut(BaseModel):
    """A page of imports, the latest first."""

    items: list[ImportOut]
    next: str | None


class FaultOut(BaseModel):
    """Why a row is not imported, or what is odd about it."""

    code: str
    zh: str
    en: str
    column: str
    value: str


class RowOut(BaseModel):
    """A row with what the check found."""

    row: int
    outcome: Outcome
    cells: list[str]
    faults: list[FaultOut]
    warnings: list[FaultOut]

    @classmethod
    def of(cls, row: Any, clear: bool) -> "RowOut":
        """With mobile numbers and emails masked unless ``clear``."""

        def told(faults: Sequence[Mapping[str, Any]]) -> list[FaultOut]:
            return [FaultOut(**(fault if clear else masked(fault))) for fault in faults]

        cells = list(row.cells) if clear else masked(list(row.cells))
        return cls(
            row=row.row_no, outcome=row.outcome, cells=cells, faults=told(row.faults), warnings=told(row.warnings)
        )


class RowsOut(BaseModel):
    """A page of rows by row number."""

    items: list[RowOut]
    next: str | None


class ImportedOut(ListedOut):
    """Somebody whom an import knows; ``created``: it made this customer."""

    created: bool

    @classmethod
    def shown(cls, row: Any) -> "ImportedOut":
        """With the phone masked."""
        fields = {name: getattr(row, name) for name in ListedOut.model_fields}
        return cls(**{**fields, "phone": masked_phone(row.phone), "created": row.made})


class PeopleOut(BaseModel):
    """A page of the people of an import."""

    items: list[ImportedOut]
    next: str | None


class TargetOut(BaseModel):
    """Something that a column can be mapped to."""

    use: Use
    name: str
    title: str
    type: str
    needs_scope: bool


class ChoiceOut(BaseModel):
    """A value with its name."""

    value: str
    title: str


class TargetsOut(BaseModel):
    """What columns can be mapped to, and which encodings and delimiters can be chosen."""

    targets: list[TargetOut]
    encodings: list[ChoiceOut]
    delimiters: list[ChoiceOut]
