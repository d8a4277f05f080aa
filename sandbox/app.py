"""The ASGI application: platform routes, what people open, OAuth pages and the control API."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import acts, browser, callbacks, oauth
from sandbox.api import Endpoint, Gate
from sandbox.control import Control
from sandbox.engine import Engine
from sandbox.oa import mass, template
from sandbox.routes import ENDPOINTS
from sandbox.world import World

LOCAL = {"127.0.0.1", "localhost", "::1", "testserver"}


class LoopbackOnly:
    """Refuses requests that another site sent a browser here for: foreign Host or Origin."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {k: v.decode("latin-1") for k, v in scope["headers"]}
            host = urlsplit(f"//{headers.get(b'host', '')}").hostname
            origin = headers.get(b"origin", "")
            if host not in LOCAL or (origin and urlsplit(origin).hostname not in LOCAL):
                await Response("loopback only", 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def make_engine(folder: Path, callback_timeout: float = 5.0) -> Engine:
    """An engine over the world in `folder`, with every handler registered. Raises Busy when the folder is in use."""
    engine = Engine(World(folder), callback_timeout)
    engine.sync |= {"act": acts.do, "mass": mass.deliver, "mass_done": mass.finish, "template_done": template.finish}
    engine.concurrent |= {"callback": callbacks.deliver, "visit": browser.visit, "read": browser.go_on}
    return engine


def _platform(gate: Gate, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await gate(endpoint, request)  # type: ignore[return-value]  # a cut answer is an ASGI app, which is all Starlette needs

    return answer


def _pages(world: World) -> list[BaseRoute]:
    async def article(request: Request) -> Response:
        articles = world.db.setting(f"article:{request.path_params['media_id']}")
        number = request.path_params["n"]
        if not isinstance(articles, list) or not 1 <= number <= len(articles):
            return HTMLResponse("<h1>该内容已被发布者删除</h1>", 404)
        one = articles[number - 1]
        source = str(one.get("content_source_url") or "")
        more = f"<p><a href='{html.escape(source)}'>阅读原文</a>" if source else ""
        return HTMLResponse(
            f"<!doctype html><meta charset=utf-8><h1>{html.escape(str(one['title']))}</h1>{one['content']}{more}"
        )

    async def join(request: Request) -> Response:
        row = world.db.one("select 1 from join_way where config_id = ?", request.path_params["config_id"])
        return HTMLResponse("<h1>加入群聊</h1>" if row else "<h1>二维码已失效</h1>", 200 if row else 404)

    async def show_qr(request: Request) -> Response:
        row = world.db.one("select scene from qr where ticket = ?", request.query_params.get("ticket", ""))
        if row is None:
            return Response("ticket not found", 404)
        picture = (
            "<svg xmlns='http://www.w3.org/2000/svg' width='280' height='280'><rect width='280' height='280' "
            "fill='#fff' stroke='#000'/>"
            f"<text x='140' y='140' text-anchor='middle'>{html.escape(str(row[0]))}</text></svg>"
        )
        return Response(picture, media_type="image/svg+xml")

    async def media(request: Request) -> Response:
        row = world.db.one(
            "select body from media where media_id = ? and kind <> 'news'", request.path_params["media_id"]
        )
        return Response(row[0], media_type="application/octet-stream") if row else Response("", 404)

    async def authorize(request: Request) -> Response:
        return oauth.authorize(world, request)

    return [
        Route("/s/{media_id}/{n:int}", article),
        Route("/join/{config_id}", join),
        Route("/media/{media_id}", media),
        *(Route(f"{prefix}/connect/oauth2/authorize", authorize) for prefix in ("", "/oa", "/wecom")),
        *(Route(f"{prefix}/cgi-bin/showqrcode", show_qr) for prefix in ("", "/oa")),
    ]


def make_app(engine: Engine) -> ASGIApp:
    """The application over an engine; starts and stops it with the server."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await engine.start()
        try:
            yield
        finally:
            await engine.stop()
            engine.world.db.close()

    gate = Gate(engine)
    routes: list[BaseRoute] = [
        Route(f"/{e.platform}{e.path}", _platform(gate, e), methods=[e.method]) for e in ENDPOINTS
    ]
    routes += Control(engine).routes() + _pages(engine.world)
    return LoopbackOnly(Starlette(routes=routes, lifespan=lifespan))
