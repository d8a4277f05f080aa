"""Private: a file, read as told or as detected: first a look for a person to confirm, then all of its rows."""

import csv
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TextIO

from siyu.customers.importing import decoding, headers, workbook
from siyu.customers.importing.limits import MOST_COLUMNS, MOST_ROWS
from siyu.customers.importing.types import (
    BadImportFile,
    ImportTooLarge,
    Look,
    Reading,
    Wanted,
)

UNREADABLE = "\ufffd"
"""Stands in a cell for NUL, a lone surrogate or bytes that the encoding does not have; such a cell is a row error."""
SAMPLE = 10
_PEEK = headers.LOOKED_AT + SAMPLE
_LONGEST = 100_000
_TEXT_ROW = tuple[int, list[str]]


def look(path: Path, wanted: Wanted, definitions: Mapping[str, str]) -> Look:
    """How the file reads, with its first rows. ``definitions``: see headers.titles_of.

    Raises BadImportFile (field file, encoding, delimiter or sheet), CompressedBomb, ImportTooLarge.
    """
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(b"PK"):
        return _look_at_workbook(path, wanted, definitions)
    if magic.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadImportFile("old .xls and locked workbooks cannot be read: save it as .xlsx", field="file")
    if wanted.encoding is not None and wanted.encoding not in dict(decoding.ENCODINGS):
        raise BadImportFile(f"the encoding {wanted.encoding} is not offered", field="encoding")
    if wanted.delimiter is not None and wanted.delimiter not in decoding.DELIMITERS:
        raise BadImportFile("the delimiter is not offered", field="delimiter")
    encoding, certain = (wanted.encoding, True) if wanted.encoding else decoding.encoding_of(path)
    delimiter = wanted.delimiter or decoding.delimiter_of(path, encoding)
    first = list(islice(_csv_rows(path, encoding, delimiter), _PEEK))
    header_row, columns = _header(first, wanted, definitions, [])
    reading = Reading("csv", encoding, certain, delimiter, "", (), header_row, columns)
    return Look(reading, _sample(first, header_row))


def _look_at_workbook(path: Path, wanted: Wanted, definitions: Mapping[str, str]) -> Look:
    workbook.check(path)
    found = workbook.lines(path, wanted.sheet or "")
    about = next(found)
    first: list[_TEXT_ROW] = [(number, _clean(row)) for number, row in islice(found, _PEEK)]
    found.close()
    header_row, columns = _header(first, wanted, definitions, about["merged"])
    reading = Reading("xlsx", "utf-8", True, "", about["sheet"], tuple(about["sheets"]), header_row, columns)
    return Look(reading, _sample(first, header_row))


def _header(
    first: list[_TEXT_ROW], wanted: Wanted, definitions: Mapping[str, str], merged: list[list[list[int]]]
) -> tuple[int, tuple[str, ...]]:
    if not any(cell.strip() for _, row in first for cell in row):
        raise BadImportFile("the file holds no rows", field="file")
    header_row = headers.find(first, definitions) if wanted.header_row is None else wanted.header_row
    if header_row and header_row not in dict(first):
        raise BadImportFile(f"the header must be one of the first {_PEEK} rows", field="header_row")
    width = max(len(row) for number, row in first if number >= header_row)
    while width > 1 and not any(row[width - 1].strip() for _, row in first if len(row) >= width):
        width -= 1
    if width > MOST_COLUMNS:
        raise ImportTooLarge(f"at most {MOST_COLUMNS} columns", field="file")
    return header_row, headers.names(first, header_row, merged, width)


def _sample(first: list[_TEXT_ROW], header_row: int) -> list[_TEXT_ROW]:
    return [(number, row) for number, row in first if number > header_row and any(row)][:SAMPLE]


def rows(path: Path, reading: Reading) -> Iterator[_TEXT_ROW]:
    """The data rows that hold anything: (row number, as many cells as there are columns).

    Raises BadImportFile, CompressedBomb, ImportTooLarge (more than 1,000,000 rows).
    """
    width, count = len(reading.columns), 0
    for number, row in _all(path, reading):
        if number <= reading.header_row or not any(cell.strip() for cell in row):
            continue
        count += 1
        if count > MOST_ROWS:
            raise ImportTooLarge(f"at most {MOST_ROWS:,} rows", field="file")
        yield number, (row + [""] * (width - len(row)))[:width]


def _all(path: Path, reading: Reading) -> Iterator[_TEXT_ROW]:
    if reading.kind == "csv":
        yield from _csv_rows(path, reading.encoding, reading.delimiter)
        return
    found = workbook.lines(path, reading.sheet)
    next(found)
    for number, row in found:
        yield number, _clean(row)


def _clean(row: list[str]) -> list[str]:
    return [cell.replace("\0", UNREADABLE) for cell in row]


def _csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[_TEXT_ROW]:
    csv.field_size_limit(_LONGEST)
    number, lines, quotes = 0, 0, 0

    def counted(file: TextIO) -> Iterator[str]:
        nonlocal lines, quotes
        for line in file:
            lines, quotes = lines + 1, quotes + line.count('"')
            yield line

    with path.open(encoding=encoding, errors="replace", newline="") as file:
        try:
            for number, row in enumerate(csv.reader(counted(file), delimiter=delimiter), 1):
                # A quotation mark that never closes takes the rest of the file into one cell.
                if lines > 1 and quotes % 2:
                    raise csv.Error
                lines = quotes = 0
                yield number, _clean(row)
        except csv.Error as error:
            message = f"in row {number} or {number + 1} a quotation mark opens and never closes"
            if "field limit" in str(error) and quotes % 2 == 0:
                message = f"in row {number + 1} a cell has more than {_LONGEST:,} characters"
            raise BadImportFile(message, field="file", detail={"row": number}) from None
        except UnicodeError:
            raise BadImportFile(f"the file is not {encoding}", field="encoding") from None
