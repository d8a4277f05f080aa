"""The OpenAPI description: what FastAPI knows of the routes, and what it cannot: permissions, keys, limits, sign-in.

``description()`` needs no database: routes are declared, nothing is opened.
"""

import json
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from fastapi.routing import APIRoute

from siyu.app import health
from siyu.app.examples import WHOLE, example_of
from siyu.app.routers import ROUTERS
from siyu.kernel.clock import SystemClock
from siyu.kernel.db import engine_for
from siyu.kernel.http import ApiRoute, WrongMediaType, guard_of
from siyu.kernel.idempotency import HEADER, IdempotencyConflict
from siyu.runtime.house import House
from siyu.team.http import COOKIE

SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Set by `POST /api/team/sign-in`."},
    "key": {"type": "http", "scheme": "bearer", "description": "An API key; its scopes are permissions."},
}
KEY: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "Makes the write safe to repeat: the same request with this key gets the first answer again for 24 hours and "
        "changes nothing; another request with it is a 409 `idempotency_conflict`."
    ),
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    "example": "order-20260302-17",
}
"""The parameter of every write that one transaction does."""


def _error(code: int, text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ErrorBody"}
    return {str(code): {"description": text, "content": {"application/json": {"schema": schema}}}}


_BODY = _error(413, "`body_too_large`: the body has more bytes than this route takes") | _error(
    415, f"`{WrongMediaType.code}`: {(WrongMediaType.__doc__ or '').strip()}"
)


def completed(found: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's description with what the edge and ``ApiRoute`` add to every route."""
    found.setdefault("components", {})["securitySchemes"] = SCHEMES
    for router in (*ROUTERS, health.router):
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in route.methods or ():
                    operation = found["paths"][route.path_format][method.lower()]
                    _complete(route, operation)
                    _exemplify(f"{method} {route.path_format}", operation, found["components"]["schemas"])
    return found


def _complete(route: APIRoute, operation: dict[str, Any]) -> None:
    permission = guard_of(route).permission
    operation["security"] = [{"session": []}, {"key": []}] if permission else []
    if permission:
        operation["x-permission"] = permission
    if "requestBody" in operation:
        operation["responses"] = _BODY | operation["responses"]
    if isinstance(route, ApiRoute) and route.repeatable:
        operation.setdefault("parameters", []).append(KEY)
        known = operation["responses"].get("409", _error(409, "")["409"])
        known["description"] = "; ".join(
            filter(None, [known["description"], f"`{IdempotencyConflict.code}`: {IdempotencyConflict.__doc__}"])
        )
        operation["responses"]["409"] = known


def _exemplify(name: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None and "example" not in body and "examples" not in body:
        body["example"] = WHOLE.get(name) or example_of(body["schema"], schemas)


def describe(app: FastAPI) -> None:
    """Let the application serve the completed description."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        known = app.openapi_schema  # FastAPI keeps what it made there
        return known if known is not None else completed(plain())

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI documents this as the way to extend it


def description() -> dict[str, Any]:
    """The document that ``/openapi.json`` serves."""
    from siyu.app.http import create_app  # which itself completes the description

    house = House(engine_for("postgresql://nobody@127.0.0.1:1/none"), SystemClock(), ZoneInfo("Asia/Shanghai"))
    return create_app(house).openapi()


def rendered(found: dict[str, Any]) -> str:
    """As it stands in docs/openapi.json."""
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
