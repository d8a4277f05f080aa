"""Private: the error report as CSV that a spreadsheet opens as Chinese and does not execute."""

import csv
import io
from collections.abc import Iterator, Sequence

from siyu.customers.importing import store
from siyu.kernel.ctx import Ctx

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
PAGE = 1000


def escaped(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula (PRODUCT.md section 2: exports escape = + - @)."""
    text = str(cell)
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def _line(cells: Sequence[object]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([escaped(cell) for cell in cells])
    return out.getvalue().encode()


def errors(ctx: Ctx, import_id: int, columns: Sequence[str]) -> Iterator[bytes]:
    """The faulty rows as they were in the file, with row number and reasons in Chinese and English; UTF-8 with BOM."""
    yield b"\xef\xbb\xbf" + _line(["行号 row", *columns, "原因", "reason"])
    after = 0
    while found := store.findings(ctx, import_id, ["error"], after, PAGE):  # set-loop: pages of the report
        for row in found:
            after = row.row_no
            zh = "；".join(f"{one['column']}：{one['zh']}" if one["column"] else one["zh"] for one in row.faults)
            en = "; ".join(f"{one['column']}: {one['en']}" if one["column"] else one["en"] for one in row.faults)
            yield _line([row.row_no, *row.cells, zh, en])
