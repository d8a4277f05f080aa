"""HTTP against the routers of a room, over the test's world: the transaction, the permissions and the error bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.routing import Route

from siyu.app.floods import Floods
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.errors import Forbidden, SiyuError
from siyu.kernel.grouping import Groups, I, R, Work
from siyu.kernel.jobs import Phased, Senders
from tests.support.world import World


@dataclass(slots=True)
class TestEdge:
    """Every request comes from one actor; the whole application's edge (sign-in, keys) is tested in tests/app."""

    __test__ = False

    world: World
    actor: Actor
    senders: Senders = field(default_factory=dict)
    groups: Groups = field(init=False)

    def __post_init__(self) -> None:
        self.groups = Groups(lambda: self.world.open(self.actor))

    def request(self, request: Request, permission: str | None) -> AbstractContextManager[Ctx]:
        if permission and not self.actor.may(permission):
            raise Forbidden(f"this needs the permission {permission}", detail={"permission": permission})
        return self.world.open(self.actor)

    def run(self, phased: Phased[Any, Any]) -> bool:
        return self.world.run(phased, self.senders)

    async def together(self, work: Work[I, R], item: I) -> R:
        return await self.groups.together(work, item)

    async def call_out(self, call: Callable[[Senders], R]) -> R:
        return await run_in_threadpool(call, self.senders)


def room_client(
    world: World,
    *routers: APIRouter,
    may: tuple[str, ...] = ("*",),
    senders: Senders | None = None,
    floods: Iterable[Route] = (),
) -> TestClient:
    """A client for these routers and flood routes on behalf of staff 1, who holds the permissions ``may``."""
    app = FastAPI()
    app.add_middleware(Floods, root=app, routes=floods)
    for router in routers:
        app.include_router(router)
    app.state.edge = TestEdge(world, Actor("staff", "staff:1", 1, frozenset(may)), senders or {})

    def shown(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, SiyuError)
        body = {"code": error.code, "message": error.message, "field": error.field, "detail": error.detail}
        return JSONResponse(body, error.status)

    app.add_exception_handler(SiyuError, shown)
    return TestClient(app)
