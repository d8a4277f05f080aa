"""The application: every room's routes, error bodies, health, metrics, and the built screens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from siyu.app import callbacks, health, live
from siyu.app.callbacks import Door
from siyu.app.description import describe
from siyu.app.edge import VISITOR, HouseEdge
from siyu.app.floods import LOGGED, Floods, unexpected
from siyu.app.guard import Guard, refusal
from siyu.app.metrics import exposition
from siyu.app.routers import FILES, FLOODS, MOST_BYTES, PUBLIC, ROUTERS
from siyu.kernel.errors import SiyuError
from siyu.kernel.grouping import Groups
from siyu.kernel.http import ErrorBody, UnreadableBody
from siyu.kernel.settings import settings
from siyu.runtime import uses
from siyu.runtime.house import House

SCREENS = Path(__file__).resolve().parents[2] / "ui" / "dist"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_OWN_TYPES = ("bad_text", "bad_time")
_EVERYWHERE: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorBody, "description": "`unauthenticated`: neither a live session nor a live API key"},
    403: {"model": ErrorBody, "description": "`forbidden`: the permission is missing; `cross_site`"},
    422: {"model": ErrorBody, "description": "`invalid`, `bad_text`, `bad_time`; `detail.errors` lists every fault"},
}
"""What every route of the API may answer, beside what it declares itself."""


class Application(FastAPI):
    """FastAPI behind what holds for every request, and behind the routes of floods: both come before its layers."""

    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the start and end of the server."""
        await self.front(scope, receive, send)

    async def _layers(self, scope: Scope, receive: Receive, send: Send) -> None:
        """FastAPI's own. It raises a failure again that was answered and logged, and servers print the message then,
        which may quote a row of the database."""
        try:
            await super().__call__(scope, receive, send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            if LOGGED not in scope:  # broken in the middle of an answer, of which nothing can be taken back
                unexpected(Request(scope), error)

    def behind(self, *, secure: bool) -> None:
        """Put the front before the application; ``secure``: the public address is https."""
        floods = Floods(self._layers, self, routes=(*callbacks.floods, *FLOODS))
        self.front = Guard(floods, secure=secure)


def create_app(house: House, *, screens: Path = SCREENS) -> FastAPI:
    """The ASGI application over one house."""
    uses.register()
    groups = Groups(lambda: house.open(VISITOR))
    door = Door(house, groups)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        groups.stop()

    app = Application(
        title="Siyu",
        version="0.1.0",
        description="私域运营中台: the open API. Errors: {code, message, field, detail}; docs/errors.md lists codes.",
        lifespan=lifespan,
        generate_unique_id_function=lambda route: f"{route.tags[0]}_{route.name}" if route.tags else route.name,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.edge = HouseEdge(house, groups)
    app.state.house = house
    app.state.callbacks = door
    app.behind(secure=(settings().public_url or "").startswith("https:"))
    for router in PUBLIC:
        app.include_router(router, include_in_schema=False, max_body_size=MOST_BYTES)
    for router in ROUTERS:
        app.include_router(router, responses=_EVERYWHERE, max_body_size=FILES.get(str(router.tags[0]), MOST_BYTES))
    app.include_router(health.router, responses=_EVERYWHERE)
    app.include_router(live.router)
    app.add_exception_handler(SiyuError, _expected)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, unexpected)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return PlainTextResponse(exposition(house), media_type=CONTENT_TYPE_LATEST)

    _serve_screens(app, screens)
    describe(app)
    return app


def _expected(_: Request, error: Exception) -> Response:
    assert isinstance(error, SiyuError)
    return refusal(error.status, error.code, error.message, error.field, error.detail)


def _malformed(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {
            "field": ".".join(str(part) for part in fault["loc"] if part not in ("body", "query", "path", "header"))
            or None,
            "code": fault["type"] if fault["type"] in _OWN_TYPES else "invalid",
            "message": fault["msg"],
        }
        for fault in error.errors()
    ]
    first = faults[0]
    return refusal(422, str(first["code"]), str(first["message"]), first["field"], {"errors": faults})


def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 400:  # FastAPI could not read the body: nested too deep, a number of thousands of digits
        return refusal(UnreadableBody.status, UnreadableBody.code, "the body cannot be read", "body")
    if error.status_code == 405:
        # Starlette names the methods of one route, and takes the screens, which answer any path, for one.
        allowed = [method for method in METHODS if _taken(request, method)]
        if not allowed:
            return refusal(404, "not_found", f"there is nothing at {path}")
        answer = refusal(405, "method_not_allowed", f"{path} takes {', '.join(allowed)}")
        answer.headers["allow"] = ", ".join(allowed)
        return answer
    code = {404: "not_found", 413: "body_too_large"}.get(error.status_code, "bad_request")
    return refusal(error.status_code, code, str(error.detail))


def _taken(request: Request, method: str) -> bool:
    """Whether a route other than the screens takes this method here."""
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] == Match.FULL for route in request.app.routes[:-1])


def _serve_screens(app: FastAPI, screens: Path) -> None:
    """The built UI: files below /assets, index.html for every other path that no route took."""
    if (screens / "assets").is_dir():
        app.mount("/assets", StaticFiles(directory=screens / "assets"), name="assets")

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        index = screens / "index.html"
        if path.startswith(("api/", "callback/", "t/", "p/", "f/", "e/")):
            return refusal(404, "not_found", f"there is nothing at /{path}")
        if not index.is_file():
            return PlainTextResponse(
                "The screens are not built yet: run `make ui`. The API is described at /api/docs.", 503
            )
        return FileResponse(index, headers={"cache-control": "no-cache"})
