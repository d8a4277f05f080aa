"""Private: XLSX. Sizes are checked before anything is unpacked; a child process with limits reads the cells.

A workbook can lie about its sizes, hold two cells a million columns apart, or repeat one long text a million times.
Counting all of that beforehand is a parser of its own; in a child with limits such a file ends alone, not the server.
Run as ``python -m siyu.customers.importing.workbook PATH SHEET``: JSON lines, first what the workbook is, then rows.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Generator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from siyu.customers.importing.types import MB, MOST_COLUMNS, MOST_ROWS, BadImportFile, CompressedBomb, ImportTooLarge

MOST_UNPACKED = 4096 * MB
MOST_RATIO = 120
"""Sheets shrink 8 to 25 times; the most regular real one of a million rows measured 60 times."""
SMALL = 16 * MB
MEMORY = 6 * 1024 * MB
SECONDS = 300
_TOO_LARGE = 3


def check(path: Path) -> None:
    """Refuse what is no workbook, and bombs, by the archive's directory. Raises BadImportFile, CompressedBomb."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise BadImportFile("the workbook is damaged", field="file") from None
    if not any(part.filename.lower() == "xl/workbook.xml" for part in parts):
        raise BadImportFile("the file is a ZIP archive, not an XLSX workbook", field="file")
    if any(part.flag_bits & 1 for part in parts):
        raise BadImportFile("the workbook is locked with a password", field="file")
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if unpacked > MOST_UNPACKED or (unpacked > SMALL and unpacked > MOST_RATIO * max(packed, 1)) or len(parts) > 10_000:
        detail = {"packed": packed, "unpacked": unpacked}
        raise CompressedBomb("the workbook unpacks to far too much", field="file", detail=detail)


def lines(path: Path, sheet: str) -> Generator[Any, None, None]:
    """First {sheets, sheet, merged}, then (row number, cells). Raises BadImportFile, ImportTooLarge, CompressedBomb."""
    command = [sys.executable, "-m", "siyu.customers.importing.workbook", str(path), sheet]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8") as child:
        assert child.stdout is not None
        try:
            for line in child.stdout:
                if line == END:
                    return
                found = json.loads(line)
                if isinstance(found, dict) and "fault" in found:
                    raise BadImportFile(str(found["fault"]), field="sheet" if found["fault"] == NO_SHEET else "file")
                yield found
            child.wait()
        finally:
            child.kill()  # the reader may have had enough
    if child.returncode == _TOO_LARGE:
        raise ImportTooLarge(f"at most {MOST_ROWS:,} rows and {MOST_COLUMNS} columns", field="file")
    raise CompressedBomb("reading the workbook needs more memory or time than a real one does", field="file")


END = '"end"\n'
NO_SHEET = "there is no sheet of this name"


def shown(value: object) -> str:
    """A cell as text. Numbers keep the 15 digits that a spreadsheet keeps; longer ones show their damage (1.1E+17)."""
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            number = float(value)
            whole = number.is_integer() and abs(number) < 1e15
            return str(int(number)) if whole else f"{number:.15g}".upper()
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
        case date() | time():
            return value.isoformat()
    return str(value)


def _limit() -> None:
    import resource

    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        _, hard = resource.getrlimit(what)
        top = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (top, hard))
        except (ValueError, OSError):  # macOS refuses a limit of the address space
            continue


def _say(found: object) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=True, separators=(",", ":")) + "\n")


def _main(path: str, wanted: str) -> int:
    import python_calamine

    _limit()
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        names = [sheet.name for sheet in book.sheets_metadata if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet]
    except Exception:  # noqa: BLE001 - calamine has a dozen error types; each means the same to the reader
        _say({"fault": "the workbook is damaged"})
        return 0
    if wanted and wanted not in names:
        _say({"fault": NO_SHEET})
        return 0
    try:
        found = None
        for name in [wanted] if wanted else names:
            found = book.get_sheet_by_name(name)
            if found.height:
                break
        if found is None or not found.height:
            _say({"fault": "the workbook holds no rows"})
            return 0
        if found.total_height > MOST_ROWS + 100 or found.total_width > MOST_COLUMNS:
            return _TOO_LARGE
        _say({"sheets": names, "sheet": found.name, "merged": found.merged_cell_ranges or []})
        for number, row in enumerate(found.iter_rows(), 1):
            _say([number, [shown(cell) for cell in row]])
        _say("end")
    except Exception:  # noqa: BLE001 - as above
        _say({"fault": "a sheet of the workbook is damaged"})
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:3]))
