"""Private: the child process that reads a workbook's cells, under limits of memory and time.

``python -m siyu.customers.importing.workbook_child PATH SHEET`` writes JSON lines: what it is, its rows, "end".
It imports nothing heavy: it starts once per workbook, and its start is most of the wait for a small one.
"""

import json
import sys
from datetime import date, datetime, time

from siyu.customers.importing.limits import MB, MOST_COLUMNS, MOST_ROWS

MEMORY = 4 * 1024 * MB
SECONDS = 300
TOO_LARGE = 3
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
            return TOO_LARGE
        _say({"sheets": names, "sheet": found.name, "merged": found.merged_cell_ranges or []})
        for number, row in enumerate(found.iter_rows(), 1):
            _say([number, [shown(cell) for cell in row]])
        _say("end")
    except Exception:  # noqa: BLE001 - as above
        _say({"fault": "a sheet of the workbook is damaged"})
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:3]))
