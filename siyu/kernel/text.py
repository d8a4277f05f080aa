"""Checks for text and times that come from outside (PRODUCT.md section 2 head)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from siyu.kernel.errors import BadText, BadTime

AHEAD = timedelta(minutes=10)
"""A time may lie at most this far ahead of now."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def text_fault(value: str) -> str | None:
    """Why ``value`` cannot be stored: ``NUL`` or ``lone surrogate``; None when it can."""
    if "\x00" in value:
        return "NUL"
    if not value.isascii() and _SURROGATE.search(value):
        return "lone surrogate"
    return None


def clean(value: str, field: str) -> str:
    """Return ``value``; raise ``BadText`` naming ``field`` when it holds NUL or a lone surrogate."""
    if fault := text_fault(value):
        raise BadText(f"{field} holds a {fault}", field=field)
    return value


def _pydantic_text(value: str) -> str:
    if fault := text_fault(value):
        raise PydanticCustomError("bad_text", "the text holds a {fault}", {"fault": fault})
    return value


def moment(value: object, field: str = "time") -> datetime:
    """An aware UTC datetime from RFC 3339 text with offset, epoch seconds, or an aware datetime.

    Raises ``BadTime`` for anything else, naive times included.
    """
    try:
        if isinstance(value, bool):
            raise ValueError
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        parsed = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        if parsed.tzinfo is None:
            raise BadTime(f"{field} has no time zone offset", field=field)
        parsed = parsed.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise BadTime(f"{field} is neither RFC 3339 with an offset nor epoch seconds", field=field) from None
    return parsed


def not_ahead(value: datetime, now: datetime, field: str) -> datetime:
    """Return ``value``; raise ``BadTime`` when it lies more than 10 minutes ahead of ``now``."""
    if value > now + AHEAD:
        raise BadTime(f"{field} lies more than 10 minutes ahead", field=field)
    return value


def _pydantic_moment(value: object) -> datetime:
    try:
        return moment(value)
    except BadTime as error:
        raise PydanticCustomError("bad_time", "{reason}", {"reason": error.message}) from None


CleanText = Annotated[str, AfterValidator(_pydantic_text)]
"""Pydantic type of text without NUL and lone surrogates; a fault is reported with the code ``bad_text``."""

Moment = Annotated[datetime, BeforeValidator(_pydantic_moment)]
"""Pydantic type of an aware time: RFC 3339 with offset, or epoch seconds; a fault has the code ``bad_time``."""
