"""What routes share: the transaction as a dependency, error bodies.

A route names its permission: ``ctx: Annotated[Ctx, requires("customers.read")]``. The transaction commits before
the response is sent (``scope="function"``). Who the actor is decides ``app.state.edge``, set by siyu/app.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from fastapi.concurrency import contextmanager_in_threadpool
from pydantic import BaseModel, Field

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import marked_open
from siyu.kernel.errors import SiyuError
from siyu.kernel.jobs import Phased

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
"""A row's number from outside: what no integer column can hold is refused by name, not by the database."""
BigId = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""The same for bigint columns."""


class Edge(Protocol):
    """Offered by siyu/app as ``app.state.edge``."""

    def request(self, request: Request, permission: str | None) -> AbstractContextManager[Ctx]:
        """A transaction for the request's actor; raises Unauthenticated or Forbidden. None: open to visitors."""

    def run(self, phased: Phased[Any, Any]) -> bool:
        """Run phased work for a route that must call out; the route must not also take a ctx."""


def requires(permission: str | None) -> Any:
    """The dependency of a route; None for pages open to visitors."""

    async def opened(request: Request) -> AsyncIterator[Ctx]:
        edge: Edge = request.app.state.edge
        # Marked in the request's own task, whose context the route's thread copies; the transaction itself opens in
        # another thread, whose mark the route would not see.
        with marked_open():
            async with contextmanager_in_threadpool(edge.request(request, permission)) as ctx:
                yield ctx

    return Depends(opened, scope="function")


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
