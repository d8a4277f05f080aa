"""What routes share: the transaction as a dependency, how requests are read, writes that may be repeated, error bodies.

A route names its permission: ``ctx: Annotated[Ctx, requires("customers.read")]``. The transaction commits before
the response is sent (``scope="function"``). Who the actor is decides ``app.state.edge``, set by siyu/app.
A room's router is ``APIRouter(..., route_class=ApiRoute)``.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from siyu.kernel import idempotency
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import marked_open
from siyu.kernel.errors import BadText, Invalid, SiyuError
from siyu.kernel.grouping import I, R, Work
from siyu.kernel.idempotency import HEADER, Answer, Claim, IdempotencyUnsupported
from siyu.kernel.jobs import Phased, Senders
from siyu.kernel.text import clean, text_fault

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""A row's number from outside: what no integer column can hold is refused by name, not by the database."""
BigId = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""The same for bigint columns."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ESCAPED = re.compile(rb"\\u(0000|[dD][89a-fA-F])")


class Edge(Protocol):
    """Offered by siyu/app as ``app.state.edge``."""

    def request(self, request: Request, permission: str | None) -> AbstractContextManager[Ctx]:
        """A transaction for the request's actor; raises Unauthenticated or Forbidden. None: open to visitors."""

    def run(self, phased: Phased[Any, Any]) -> bool:
        """Run phased work for a route that must call out; the route must not also take a ctx."""

    async def together(self, work: Work[I, R], item: I) -> R:
        """Do one item of an open route's work in a transaction shared with the others that wait (kernel.grouping)."""

    async def call_out(self, call: Callable[[Senders], R]) -> R:
        """Call a platform outside any transaction."""


class WrongMediaType(SiyuError):
    """The body is not sent as the content type that the route takes (application/json)."""

    status = 415
    code = "wrong_media_type"


class UnreadableBody(Invalid):
    """The body is no JSON: not UTF-8, cut off, nested too deep, or a number too long to be read."""

    code = "unreadable_body"


class UnknownParameter(Invalid):
    """The address has a query parameter that the route does not know."""

    code = "unknown_parameter"


class BodyTooLarge(SiyuError):
    """The body has more bytes than this route takes."""

    status = 413
    code = "body_too_large"


async def body_of(request: Request, most: int) -> bytes:
    """The body of a request, up to ``most`` bytes; raises BodyTooLarge as soon as it is longer."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > most:
            raise BodyTooLarge(f"the body has more than {most} bytes", field="body")
    return bytes(parts)


class _Replayed(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Opened:
    """The dependency that opens a route's transaction for whoever holds ``permission``."""

    permission: str | None

    async def __call__(self, request: Request) -> AsyncIterator[Ctx]:
        """The transaction; with an Idempotency-Key that was taken before it ends at once, with the answer of then."""
        edge: Edge = request.app.state.edge
        # Marked in the request's own task, whose context the route's thread copies; the transaction itself opens in
        # another thread, whose mark the route would not see.
        with marked_open():
            async with contextmanager_in_threadpool(edge.request(request, self.permission)) as ctx:
                claim: Claim | None = getattr(request.state, "claim", None)
                if claim is not None:
                    answer = await run_in_threadpool(idempotency.take, ctx, claim)
                    if answer is not None:
                        raise _Replayed(answer)
                    request.state.claimed = ctx
                yield ctx


def requires(permission: str | None) -> Any:
    """The dependency of a route; None for pages open to visitors."""
    return Depends(Opened(permission), scope="function")


@dataclass(frozen=True, slots=True)
class Asked:
    """The dependency of a route that works in phases: the permission is asked for, and no transaction stays open."""

    permission: str

    async def __call__(self, request: Request) -> None:
        """Raises Unauthenticated or Forbidden."""
        edge: Edge = request.app.state.edge
        async with contextmanager_in_threadpool(edge.request(request, self.permission)):
            pass


def asks(permission: str) -> Any:
    """The dependency of a route that must call out, and so must not take a ctx."""
    return Depends(Asked(permission))


def guard_of(route: APIRoute) -> Opened | Asked:
    """How a route asks for its permission. Raises LookupError when it does not."""
    for one in _all(route.dependant):
        if isinstance(one.call, Opened | Asked):
            return one.call
    raise LookupError(route.path)


def _all(dependant: Dependant) -> Iterator[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _all(one)


class ApiRoute(APIRoute):
    """A route of the API: JSON alone, no unknown parameters, no unstorable text, and writes that may be repeated.

    A write may come with the header ``Idempotency-Key``: the same request again within a day gets the same answer
    and changes nothing; another one with that key is an IdempotencyConflict.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, between what must be seen before it and what is kept after it."""
        handle = super().get_route_handler()
        known = {one.alias for part in (self.dependant, *_all(self.dependant)) for one in part.query_params}
        json_only = self.body_field is not None and not _is_form(self)
        repeatable = self.repeatable

        async def handled(request: Request) -> Response:
            for name, value in request.query_params.multi_items():
                if name not in known:
                    raise UnknownParameter("there is no such parameter", field=None if text_fault(name) else name)
                clean(value, name)
            body = b""
            if json_only:
                body = await request.body()
                _check(request, body)
            key = request.headers.get(HEADER)
            if key is None or request.method in SAFE:
                return await handle(request)
            if not repeatable:
                raise IdempotencyUnsupported("this route takes no such key", field=HEADER)
            address = f"{request.method} {request.url.path}?{request.url.query}"
            request.state.claim = claim = idempotency.claim_of(key, address.encode(), body)
            try:
                response = await handle(request)
            except _Replayed as replayed:
                kept = replayed.answer
                return Response(
                    kept.body, kept.status, media_type=kept.media_type, headers={"idempotent-replay": "true"}
                )
            # Before the transaction ends: FastAPI leaves the dependencies only when this handler has returned.
            answer = Answer(response.status_code, response.headers.get("content-type"), bytes(response.body))
            await run_in_threadpool(idempotency.keep, request.state.claimed, claim, answer)
            return response

        return handled

    @property
    def repeatable(self) -> bool:
        """Whether the route takes an Idempotency-Key: a write of an actor, in one transaction, not of a file."""
        guard = guard_of(self)
        named = isinstance(guard, Opened) and guard.permission is not None
        return named and not _is_form(self) and not (self.methods or set()) <= SAFE


def _is_form(route: APIRoute) -> bool:
    extra = (route.openapi_extra or {}).get("requestBody", {})
    kind = getattr(getattr(route.body_field, "field_info", None), "media_type", "application/json")
    return "multipart/form-data" in extra.get("content", {}) or kind != "application/json"


def _check(request: Request, body: bytes) -> None:
    """Raises WrongMediaType, UnreadableBody, or BadText for a NUL or a lone surrogate in any name or value."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
        raise WrongMediaType("send the body as application/json", field="Content-Type")
    if not body:
        return
    try:
        if not _ESCAPED.search(body):
            body.decode()
            return
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableBody("the body is no JSON in UTF-8", field="body") from None
    if fields := list(_unstorable(found, "")):
        said = "a text or name here holds a NUL or a lone surrogate"
        faults = [{"field": field, "code": BadText.code, "message": said} for field in fields]
        raise BadText(said, field=fields[0], detail={"errors": faults})


def _unstorable(value: object, path: str) -> Iterator[str]:
    """Where texts cannot be stored; a name that cannot is told by the object that has it."""
    parts: Iterable[tuple[object, object]] = ()
    if isinstance(value, str) and text_fault(value):
        yield path or "body"
    elif isinstance(value, dict):
        if any(text_fault(name) for name in value):
            yield path or "body"
        parts = [(name, one) for name, one in value.items() if not text_fault(name)]
    elif isinstance(value, list):
        parts = enumerate(value)
    for name, one in parts:
        yield from _unstorable(one, f"{path}.{name}" if path else str(name))


class ErrorBody(BaseModel):
    """The body of every error."""

    code: str
    message: str
    field: str | None
    detail: dict[str, object]


def raises(*errors: type[SiyuError]) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` of a route: which errors it answers with, grouped by status, so the client is typed."""
    found: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = found.setdefault(error.status, {"model": ErrorBody, "description": ""})
        entry["description"] = "; ".join(
            filter(None, [entry["description"], f"`{error.code}`: {(error.__doc__ or '').splitlines()[0]}"])
        )
    return found
