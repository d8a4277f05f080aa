"""Routes of what comes in floods, answered before FastAPI's layers: callbacks, pages that customers open, beacons.

A small request through those layers (their own middleware, routers, dependencies, exit stacks) took 0.7 ms of which
0.25 ms were its own work (measured at 27,000 requests of a demo). What is left to a room's route is a function from
the request to its response.
"""

import traceback
from collections.abc import Iterable
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from siyu.app.guard import refusal
from siyu.kernel.db import Collided, DatabaseAway, is_away, is_collision
from siyu.kernel.errors import SiyuError

log = structlog.get_logger(__name__)
LOGGED = "siyu.logged"
"""In a request's scope once its failure is logged."""


class Floods:
    """ASGI middleware: the given routes, found by the first part of the path; every other request goes on to ``app``.

    ``root`` is the application whose ``state`` the routes read.
    """

    def __init__(self, app: ASGIApp, root: Any, *, routes: Iterable[Route]) -> None:
        self.app, self.root = app, root
        self._routes: dict[str, list[Route]] = {}
        for route in routes:
            self._routes.setdefault(route.path.split("/")[1], []).append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        path: str = scope["path"] if scope["type"] == "http" else ""
        found = self._routes.get(path[1 : path.find("/", 1)])
        if found is None:
            await self.app(scope, receive, send)
            return
        allowed: set[str] = set()
        for route in found:
            match = route.path_regex.match(path)
            if match is None:
                continue
            if scope["method"] not in (route.methods or ()):
                allowed |= route.methods or set()
                continue
            convertors = route.param_convertors
            try:
                parts = {name: convertors[name].convert(text) for name, text in match.groupdict().items()}
            except ValueError:  # thousands of digits
                continue
            scope["path_params"], scope["app"] = parts, self.root
            await (await _answer(route, Request(scope, receive)))(scope, receive, send)
            return
        if not allowed:
            await self.app(scope, receive, send)
            return
        names = ", ".join(sorted(allowed - {"HEAD"}))
        refused = refusal(405, "method_not_allowed", f"{path} takes {names}")
        refused.headers["allow"] = names
        await refused(scope, receive, send)


async def _answer(route: Route, request: Request) -> Response:
    try:
        response: Response = await route.endpoint(request)
    except SiyuError as error:
        return refusal(error.status, error.code, error.message, error.field, error.detail)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    except Exception as error:  # noqa: BLE001 - as FastAPI's: logged, and told without its inside
        return unexpected(request, error)
    return response


def unexpected(request: Request, error: Exception) -> Response:
    """The answer to a failure of ours, which is logged. A database that is away, or ended the transaction, is named."""
    request.scope[LOGGED] = True
    if is_away(error):
        log.error("database_away", path=request.url.path, error=type(error).__name__)
        return refusal(DatabaseAway.status, DatabaseAway.code, "the database cannot be reached; try again shortly")
    if is_collision(error):
        log.info("collided", path=request.url.path, method=request.method)
        again = refusal(Collided.status, Collided.code, "somebody changed the same at the same time; ask again")
        again.headers["retry-after"] = "1"
        return again
    trace = "".join(traceback.format_tb(error.__traceback__))
    log.error("request_failed", path=request.url.path, method=request.method, error=type(error).__name__, trace=trace)
    return refusal(500, "internal", "something went wrong here; it has been logged")
