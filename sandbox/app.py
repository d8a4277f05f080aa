"""The ASGI application: platform routes, what people open, OAuth pages and the control API."""

from __future__ import annotations

import html
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import segno
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import acquisition, acts, assistant, broadcasts, browser, callbacks, kf, moments, oauth, relations
from sandbox.api import Endpoint, Gate
from sandbox.control import Control
from sandbox.engine import Engine
from sandbox.oa import mass, template
from sandbox.routes import ENDPOINTS
from sandbox.world import World

LOCAL = {"127.0.0.1", "localhost", "::1", "testserver"}


Direct = Callable[[Request], Awaitable[Response]]


class LoopbackOnly:
    """Refuses requests that another site sent a browser here for (foreign Host or Origin), and answers the `direct`
    routes by (method, path) itself: going through a hundred patterns costs more than most of them do.
    """

    def __init__(self, app: ASGIApp, direct: Mapping[tuple[str, str], Direct]) -> None:
        self.app, self.direct = app, direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host = origin = b""
            for name, value in scope["headers"]:
                if name == b"host":
                    host = value
                elif name == b"origin":
                    origin = value
            if not _local(b"//" + host) or (origin and not _local(origin)):
                await Response("loopback only", 403)(scope, receive, send)
                return
            answer = self.direct.get((scope["method"], scope["path"]))
            if answer is not None:
                response = await answer(Request(scope, receive, send))
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)


@lru_cache(256)
def _local(address: bytes) -> bool:
    return urlsplit(address.decode("latin-1")).hostname in LOCAL


def make_engine(folder: Path, callback_timeout: float = 5.0) -> Engine:
    """An engine over the world in `folder`, with every handler registered. Raises Busy when the folder is in use."""
    engine = Engine(World(folder), callback_timeout)
    engine.sync |= {
        "act": acts.do, "mass": mass.deliver, "mass_done": mass.finish, "template_done": template.finish,
        "confirm": broadcasts.due, "publish": moments.due,
    }  # fmt: skip
    engine.concurrent |= {"callback": callbacks.deliver, "visit": browser.visit, "read": browser.go_on}
    return engine


def _platform(gate: Gate, endpoint: Endpoint) -> Direct:
    async def answer(request: Request) -> Response:
        return await gate(endpoint, request)  # type: ignore[return-value]  # a cut answer is an ASGI app, which is all Starlette needs

    return answer


def _picture(text: str) -> Response:
    """A QR code."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=8)
    return Response(picture.getvalue(), media_type="image/png")


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
        # The platform's address is that of an image; people's browsers come here for the page behind it.
        if row and request.headers.get("accept", "").startswith("image/"):
            return _picture(str(request.url))
        return HTMLResponse("<h1>加入群聊</h1>" if row else "<h1>二维码已失效</h1>", 200 if row else 404)

    async def way(request: Request) -> Response:
        found = relations.way_of(world, request.path_params["config_id"])
        title = "添加为企业微信联系人" if found else "二维码已失效"
        return HTMLResponse(f"<h1>{title}</h1>", 200 if found else 404)

    async def acquire(request: Request) -> Response:
        found = acquisition.link_of(world, request.path_params["link_id"])
        title = "添加为企业微信联系人" if found else "链接已失效"
        return HTMLResponse(f"<h1>{title}</h1>", 200 if found else 404)

    async def service(request: Request) -> Response:
        found = kf.account(world, request.path_params["open_kfid"])
        title = html.escape(str(found[1]["name"])) if found else "客服已停用"
        return HTMLResponse(f"<h1>{title}</h1>", 200 if found else 404)

    async def way_code(request: Request) -> Response:
        config_id = request.path_params["config_id"]
        found = relations.way_of(world, config_id)
        return _picture(f"{world.url}/way/{config_id}") if found else Response("", 404)

    async def show_qr(request: Request) -> Response:
        row = world.db.one("select scene from qr where ticket = ?", request.query_params.get("ticket", ""))
        if row is None:
            return Response("ticket not found", 404)
        return _picture(str(row[0]))

    async def media(request: Request) -> Response:
        row = world.db.one(
            "select body from media where media_id = ? and kind <> 'news'", request.path_params["media_id"]
        )
        return Response(row[0], media_type="application/octet-stream") if row else Response("", 404)

    return [
        Route("/s/{media_id}/{n:int}", article),
        Route("/join/{config_id}", join),
        Route("/way/{config_id}", way),
        Route("/way/{config_id}/qr", way_code),
        Route("/ca/{link_id}", acquire),
        Route("/kf/{open_kfid}", service),
        Route("/media/{media_id}", media),
        *(Route(f"{prefix}/cgi-bin/showqrcode", show_qr) for prefix in ("", "/oa")),
    ]


def _direct(engine: Engine) -> dict[tuple[str, str], Direct]:
    """Routes without variables that are asked often."""
    gate = Gate(engine)

    async def authorize(request: Request) -> Response:
        return await oauth.authorize(engine.world, request)

    made = {(e.method, f"/{e.platform}{e.path}"): _platform(gate, e) for e in ENDPOINTS}
    return made | {("GET", f"{prefix}/connect/oauth2/authorize"): authorize for prefix in ("", "/oa", "/wecom")}


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

    direct = _direct(engine)
    routes = [Route(path, answer, methods=[method]) for (method, path), answer in direct.items()]
    pages = [*_pages(engine.world), *assistant.routes(engine), *Control(engine).routes(), *routes]
    engine.home = LoopbackOnly(Starlette(routes=pages, lifespan=lifespan), direct)
    return engine.home
