"""The application: every room's routes, error bodies, health, metrics, and the built screens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from siyu.app import callbacks, health, live
from siyu.app.callbacks import Door
from siyu.app.edge import HouseEdge
from siyu.app.routers import PUBLIC, ROUTERS
from siyu.kernel.errors import SiyuError
from siyu.kernel.http import ErrorBody
from siyu.runtime import uses
from siyu.runtime.house import House

log = structlog.get_logger(__name__)
SCREENS = Path(__file__).resolve().parents[2] / "ui" / "dist"
_OWN_TYPES = ("bad_text", "bad_time")
_EVERYWHERE: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorBody, "description": "`unauthenticated`: neither a live session nor a live API key"},
    403: {"model": ErrorBody, "description": "`forbidden`: the permission is missing; `cross_site`"},
    422: {"model": ErrorBody, "description": "`invalid`, `bad_text`, `bad_time`; `detail.errors` lists every fault"},
}
"""What every route of the API may answer, beside what it declares itself."""


def create_app(house: House, *, screens: Path = SCREENS) -> FastAPI:
    """The ASGI application over one house."""
    uses.register()
    door = Door(house)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        door.start()
        yield
        door.stop()

    app = FastAPI(
        title="Siyu",
        version="0.1.0",
        description="私域运营中台: the open API. Errors: {code, message, field, detail}; docs/errors.md lists codes.",
        lifespan=lifespan,
        generate_unique_id_function=lambda route: f"{route.tags[0]}_{route.name}" if route.tags else route.name,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.edge = HouseEdge(house)
    app.state.house = house
    app.state.callbacks = door
    for router in ROUTERS:
        app.include_router(router, responses=_EVERYWHERE)
    for router in PUBLIC:
        app.include_router(router, include_in_schema=False)
    app.include_router(callbacks.router)
    app.include_router(health.router, responses=_EVERYWHERE)
    app.include_router(live.router)
    app.add_exception_handler(SiyuError, _expected)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, _unexpected)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    _serve_screens(app, screens)
    return app


def _body(
    status: int, code: str, message: str, field: str | None = None, detail: dict[str, Any] | None = None
) -> JSONResponse:
    body = ErrorBody(code=code, message=message, field=field, detail=detail or {})
    return JSONResponse(body.model_dump(mode="json"), status_code=status)


def _expected(_: Request, error: Exception) -> Response:
    assert isinstance(error, SiyuError)
    return _body(error.status, error.code, error.message, error.field, error.detail)


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
    return _body(422, str(first["code"]), str(first["message"]), first["field"], {"errors": faults})


def _framework(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status_code, "bad_request")
    return _body(error.status_code, code, str(error.detail))


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, method=request.method, error=type(error).__name__)
    return _body(500, "internal", "something went wrong here; it has been logged")


def _serve_screens(app: FastAPI, screens: Path) -> None:
    """The built UI: files below /assets, index.html for every other path that no route took."""
    if (screens / "assets").is_dir():
        app.mount("/assets", StaticFiles(directory=screens / "assets"), name="assets")

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        index = screens / "index.html"
        if path.startswith(("api/", "callback/", "t/", "p/", "f/", "e/")):
            return _body(404, "not_found", f"there is nothing at /{path}")
        if not index.is_file():
            return PlainTextResponse(
                "The screens are not built yet: run `make ui`. The API is described at /api/docs.", 503
            )
        return FileResponse(index, headers={"cache-control": "no-cache"})
