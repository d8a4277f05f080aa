"""The HTTP edge: who a request's actor is, and the transaction that its route works in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.errors import Forbidden, Unauthenticated
from siyu.kernel.grouping import Groups, I, R, Work
from siyu.kernel.jobs import Phased, Senders
from siyu.runtime.house import House
from siyu.team import queries as team
from siyu.team.actions import fingerprint
from siyu.team.http import COOKIE

VISITOR = Actor("visitor", "visitor")
SIGNED_IN = "session"
"""The pseudo permission of routes that any signed-in actor may use."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSite(Forbidden):
    """A write with the session cookie came from a page of another origin."""

    code = "cross_site"


@dataclass(frozen=True, slots=True)
class HouseEdge:
    """``kernel.http.Edge`` over one house."""

    house: House
    groups: Groups

    @contextmanager
    def request(self, request: Request, permission: str | None) -> Iterator[Ctx]:
        """One transaction for the request's actor; commits when the route returned. What staff read is of one moment:
        a list whose second statement saw a newer journey than its first was an error."""
        reads = permission is not None and request.method in ("GET", "HEAD")
        with self.house.open(VISITOR, steady=reads) as ctx:
            actor = self._actor(ctx, request) if permission is not None else VISITOR
            if permission is not None and permission != SIGNED_IN and not actor.may(permission):
                raise Forbidden(f"this needs the permission {permission}", detail={"permission": permission})
            request.state.actor = actor.label
            yield replace(ctx, actor=actor)

    def run(self, phased: Phased[Any, Any]) -> bool:
        """Phased work on behalf of a route."""
        return self.house.run(phased)

    async def together(self, work: Work[I, R], item: I) -> R:
        """An item of a visitor's, with the others that wait."""
        return await self.groups.together(work, item)

    async def call_out(self, call: Callable[[Senders], R]) -> R:
        """A call to a platform, in a thread."""
        return await run_in_threadpool(call, self.house.senders)

    def _actor(self, ctx: Ctx, request: Request) -> Actor:
        header = request.headers.get("authorization", "")
        if header.lower().startswith("bearer "):
            actor = team.by_key(ctx, fingerprint(header[7:].strip()))
            if actor is None:
                raise Unauthenticated("the API key is unknown or revoked")
            return actor
        token = request.cookies.get(COOKIE)
        member = team.by_session(ctx, fingerprint(token)) if token else None
        if member is None:
            raise Unauthenticated("sign in first, or send an API key as a bearer token")
        origin = request.headers.get("origin")
        if request.method not in _SAFE and origin and urlsplit(origin).netloc != request.headers.get("host"):
            raise CrossSite("the request came from another site")
        return team.actor_of(member)
