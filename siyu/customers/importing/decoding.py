"""Private: which encoding and which delimiter a text file has. Guesses are shown to a person with decoded rows."""

import codecs
import csv
import io
from collections import Counter
from pathlib import Path

from siyu.customers.importing.limits import MB
from siyu.customers.importing.types import BadImportFile

ENCODINGS: tuple[tuple[str, str], ...] = (
    ("utf-8", "UTF-8"),
    ("utf-8-sig", "UTF-8 (BOM)"),
    ("gb18030", "GB18030 / GBK"),
    ("utf-16", "UTF-16 (BOM)"),
    ("utf-16-le", "UTF-16 LE"),
    ("utf-16-be", "UTF-16 BE"),
    ("big5hkscs", "Big5"),
    ("cp932", "Shift JIS"),
    ("cp949", "EUC-KR"),
    ("cp1252", "Windows-1252"),
)
"""What a person may choose."""
DELIMITERS = (",", "\t", ";", "|", "，")
_SAMPLE = MB
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def _decodes(data: bytes, encoding: str) -> str | None:
    """The text, or None; a character that the end of ``data`` cuts does not count."""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(data, final=False)
    except (UnicodeDecodeError, UnicodeError):
        return None


def _common(data: bytes) -> float:
    """The share of the first-level characters of GB 2312 (lead bytes B0 to D7) among pairs of high bytes."""
    pairs = common = place = 0
    while place < len(data) - 1:
        if data[place] < 0x80:
            place += 1
            continue
        pairs += 1
        common += 0xB0 <= data[place] <= 0xD7 and data[place + 1] >= 0xA1
        place += 2
    return common / pairs if pairs else 0.0


def encoding_of(path: Path) -> tuple[str, bool]:
    """(encoding, whether that is certain). Raises BadImportFile for what is no text."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
        if not head.strip(b"\0 \t\r\n"):
            raise BadImportFile("the file is empty", field="file")
        for mark, name in _BOMS:
            if head.startswith(mark):
                return name, True
        if guess := _utf16(head):
            return guess, False
        decoder, valid = codecs.getincrementaldecoder("utf-8")("strict"), True
        block = head
        while block and valid:
            try:
                decoder.decode(block, final=False)
            except UnicodeDecodeError:
                valid = False
            block = file.read(8 * MB) if valid else b""
    if valid:
        return "utf-8", True
    return _legacy(head), False


def _utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: its line ends and ASCII have a zero byte always on the same side."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    for name, mine, other in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        text = _decodes(head, name) if mine > max(8, 20 * other, len(head) // 500) else None
        if text is not None and ("\n" in text or "," in text or "\t" in text):
            return name
    return None


def _legacy(head: bytes) -> str:
    from charset_normalizer import from_bytes

    chinese = _decodes(head, "gb18030") is not None
    if chinese and _common(head) > 0.6:
        return "gb18030"
    best = from_bytes(head[: 256 * 1024], cp_isolation=[name for name, _ in ENCODINGS if "utf" not in name]).best()
    known = {codecs.lookup(name).name: name for name, _ in ENCODINGS}
    found = known.get(codecs.lookup(best.encoding).name) if best is not None else None
    if found is None and b"\0" in head:
        raise BadImportFile("the file is neither CSV nor XLSX; save it as one of these", field="file")
    return found or ("gb18030" if chinese else "cp1252")


def delimiter_of(path: Path, encoding: str) -> str:
    """The delimiter that cuts the first rows most evenly into the most cells."""
    with path.open("rb") as file:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(file.read(_SAMPLE // 4))
    best, score = ",", 0.0
    for delimiter in DELIMITERS:
        try:
            found = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            widths = Counter(len(row) for row, _ in zip(found, range(100), strict=False) if row)
        except csv.Error:
            continue
        wide = {width: count for width, count in widths.items() if width > 1}
        if wide:
            width, count = max(wide.items(), key=lambda pair: (pair[1], pair[0]))
            even = count / sum(widths.values()) * min(width, 8)
            if even > score:
                best, score = delimiter, even
    return best
