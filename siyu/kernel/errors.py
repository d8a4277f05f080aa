"""The base of every error that Siyu shows to a caller."""

from collections.abc import Mapping
from typing import ClassVar


class SiyuError(Exception):
    """An expected failure. Subclass it once per business case; ``code`` is stable and public.

    ``field`` names the offending input (a dotted path such as ``steps.2.send``), ``detail`` holds further
    machine-readable facts. The edge answers ``{"code", "message", "field", "detail"}`` with ``status``.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"

    def __init__(self, message: str, *, field: str | None = None, detail: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.detail: dict[str, object] = dict(detail or {})


class NotFound(SiyuError):
    """The object named in the request does not exist or may not be seen by the caller."""

    status = 404
    code = "not_found"


class Invalid(SiyuError):
    """A value is malformed; ``field`` names it."""

    status = 422
    code = "invalid"


class BadText(Invalid):
    """Text holds NUL or a lone surrogate, which PostgreSQL and the platforms cannot carry."""

    code = "bad_text"


class BadTime(Invalid):
    """A time is naive, unreadable, or more than 10 minutes ahead of now (PRODUCT.md section 2)."""

    code = "bad_time"


class Conflict(SiyuError):
    """The request contradicts what is stored."""

    status = 409
    code = "conflict"


class Unauthenticated(SiyuError):
    """No valid session or API key came with the request."""

    status = 401
    code = "unauthenticated"


class Forbidden(SiyuError):
    """The actor's role or key scope does not include the permission that the route names."""

    status = 403
    code = "forbidden"


class TooMany(SiyuError):
    """A rate limit of Siyu itself was reached."""

    status = 429
    code = "too_many"
