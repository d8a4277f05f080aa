"""Private: XLSX. Sizes are checked before anything is unpacked; a child process with limits reads the cells.

A workbook can lie about its sizes, hold two cells a million columns apart, or repeat one long text a million times.
Counting all of that beforehand is a parser of its own; in a child with limits such a file ends alone, not the server.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from siyu.customers.importing import workbook_child as child
from siyu.customers.importing.limits import MB, MOST_COLUMNS, MOST_ROWS
from siyu.customers.importing.types import BadImportFile, CompressedBomb, ImportTooLarge

MOST_UNPACKED = 4096 * MB
MOST_RATIO = 120
"""Far above what deflate makes of rows that differ; a workbook of a million equal rows must be saved as CSV."""
SMALL = 16 * MB
_ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).resolve().parents[3]), "PYTHONIOENCODING": "utf-8"}


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
    command = [sys.executable, "-m", child.__name__, str(path), sheet]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", env=_ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line == child.END:
                    return
                found = json.loads(line)
                if isinstance(found, dict) and "fault" in found:
                    raise BadImportFile(
                        str(found["fault"]), field="sheet" if found["fault"] == child.NO_SHEET else "file"
                    )
                yield found
            process.wait()
        finally:
            process.kill()  # the reader may have had enough
    if process.returncode == child.TOO_LARGE:
        raise ImportTooLarge(f"at most {MOST_ROWS:,} rows and {MOST_COLUMNS} columns", field="file")
    message = "reading the workbook needs more memory or time than a real one does; if it is real, save it as CSV"
    raise CompressedBomb(message, field="file")
