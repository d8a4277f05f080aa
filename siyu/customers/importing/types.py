"""Private to customers: values and errors of importing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from siyu.customers.types import Definition, Identity
from siyu.kernel.errors import Conflict, Invalid, NotFound, SiyuError

State = Literal["draft", "checking", "checked", "applying", "complete", "taking_back", "taken_back", "cancelled"]
Outcome = Literal["new", "update", "merge", "conflict", "duplicate", "error"]
Use = Literal["attribute", "identity", "tag", "ignore"]
OUTCOMES: tuple[Outcome, ...] = ("new", "update", "merge", "conflict", "duplicate", "error")


class UnknownImport(NotFound):
    """No import has this id."""

    code = "unknown_import"


class BadImportFile(Invalid):
    """The file is neither CSV nor XLSX, is damaged, empty, locked, or cannot be read as told."""

    code = "bad_import_file"


class CompressedBomb(Invalid):
    """The workbook would unpack to far more than a file of this size holds."""

    code = "compressed_bomb"


class ImportTooLarge(SiyuError):
    """The file has more than 200 MB, 1,000,000 rows or 200 columns."""

    status = 413
    code = "import_too_large"


class ImportState(Conflict):
    """The import is not in a state in which this can be done."""

    code = "import_state"


class BadMapping(Invalid):
    """A column is mapped to something that does not exist, or nothing names the customer."""

    code = "bad_mapping"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How somebody wants the file to be read; None: as detected."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How the file is read. Rows count from 1; ``header_row`` is the last row of the header, 0 without one.

    ``certain``: the encoding is proven by a byte order mark or by being valid UTF-8; else it is a good guess.
    """

    kind: Literal["csv", "xlsx"]
    encoding: str
    certain: bool
    delimiter: str
    sheet: str
    sheets: tuple[str, ...]
    header_row: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """A reading with its first data rows: (row number, cells)."""

    reading: Reading
    sample: Sequence[tuple[int, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """What a column means: an attribute's name, an identity kind, tags, or nothing. ``scope``: of the identity."""

    index: int
    use: Use
    name: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a cell or a row cannot be imported (or, as a warning, what is odd about it)."""

    code: str
    zh: str
    en: str
    column: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """A column with what it is checked by. ``read``: what its cells say; cities, levels and tags come again."""

    index: int
    title: str
    use: Use
    name: str
    scope: str
    definition: Definition | None
    read: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A row in its checked form; with faults nothing of it is imported. ``warnings`` do not keep it out."""

    row_no: int
    identities: tuple[Identity, ...]
    values: dict[str, object]
    tags: tuple[str, ...]
    faults: tuple[Fault, ...]
