"""Private: what the cursors of this room's lists hold, checked, because anybody can send one."""

from datetime import datetime

from siyu.kernel.errors import BadTime
from siyu.kernel.paging import BadCursor, keys
from siyu.kernel.text import clean, moment


def number(value: object, bits: int = 31) -> int:
    """A whole number that the column can hold; raises BadCursor."""
    if type(value) is not int or abs(value) >= 2**bits:
        raise BadCursor("the cursor belongs to another list", field="cursor")
    return value


def by_number(cursor: str | None) -> int | None:
    """The one number in a cursor."""
    return None if cursor is None else number(keys(cursor, 1)[0])


def by_time(cursor: str | None, bits: int = 31) -> tuple[datetime, int] | None:
    """A time and a number in a cursor."""
    if cursor is None:
        return None
    at, last = keys(cursor, 2)
    return _time(at), number(last, bits)


def by_text(cursor: str | None) -> tuple[str, int] | None:
    """A text and a number in a cursor."""
    if cursor is None:
        return None
    text, last = keys(cursor, 2)
    if not isinstance(text, str):
        raise BadCursor("the cursor belongs to another list", field="cursor")
    return clean(text, "cursor"), number(last)


def _time(value: object) -> datetime:
    try:
        if isinstance(value, str):
            return moment(value, "cursor")
    except BadTime:
        pass
    raise BadCursor("the cursor belongs to another list", field="cursor")
