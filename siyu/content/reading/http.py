"""Private: the pages that customers open. No sign-in; machines are shown the page but counted nowhere."""

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field
from starlette.routing import Route

from siyu.content import files, queries, store
from siyu.content.bodies import EbookBody
from siyu.content.reading import actions, downloading, people, silent, submitting
from siyu.content.reading.opening import Opening, open_links
from siyu.content.reading.pages import STATIC, message, sheet_key, static
from siyu.content.reading.shelf import DeadLink
from siyu.content.reading.visitor import (
    COOKIE,
    COOKIE_SECONDS,
    ViewToken,
    Visitor,
    is_bot,
    is_wechat,
    new_visitor,
    view_token,
    visitor_of,
)
from siyu.content.reading.words import Language, language
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import Invalid, NotFound, TooMany
from siyu.kernel.http import Edge, body_of, requires

public = APIRouter(tags=["pages"])
Small = Annotated[int, Field(ge=0, lt=2**31)]
LONGEST_POST = 256 * 1024
_QUERY = "siyu_q"
_SECURE = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


def _language(request: Request) -> Language:
    return language(request.query_params.get("lang"), request.headers.get("accept-language"))


def _visitor(request: Request) -> Visitor | None:
    return visitor_of(request.cookies.get(COOKIE))


def _page(text: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(text, status, headers=_SECURE)


def _with_cookie(response: Response, request: Request, visitor: Visitor) -> Response:
    response.set_cookie(
        COOKIE, visitor.cookie(), max_age=COOKIE_SECONDS, httponly=True, samesite="lax", secure=_secure(request)
    )
    return response


def _secure(request: Request) -> bool:
    return urlsplit(queries.base_url()).scheme == "https" or request.url.scheme == "https"


def _token(text: str) -> ViewToken:
    try:
        return view_token(text)
    except ValueError:
        raise Invalid("this is not a view of ours", field="view") from None


def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


async def open_link(request: Request) -> Response:
    """Open a link: a page, or the outside address it wraps. Inside WeChat the reader is asked for silently first."""
    words = _language(request)
    agent = request.headers.get("user-agent", "")
    purpose = request.headers.get("sec-purpose", request.headers.get("purpose", ""))
    visitor = None if is_bot(agent, purpose) else _visitor(request) or new_visitor()
    opening = Opening(request.path_params["code"], visitor, is_wechat(agent), dict(request.query_params), words)
    try:
        shown = await _edge(request).together(open_links, opening)
    except DeadLink:
        return _page(message(words, "gone"), 404)
    response: Response = RedirectResponse(shown.address, 302, headers=_SECURE) if shown.address else _page(shown.html)
    if shown.asks:
        response.set_cookie(
            _QUERY, request.url.query[:500], max_age=600, httponly=True, samesite="lax", secure=_secure(request)
        )
    return _with_cookie(response, request, visitor) if visitor else response


async def oauth_callback(request: Request) -> Response:
    """WeChat or WeCom sends the browser back; whatever it says, the reader gets the page. Where a fresh code may help,
    opening the link again asks once more (ADR 46)."""
    kind, account_id = str(request.path_params["kind"]), int(request.path_params["account_id"])
    state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
    visitor = _visitor(request)
    link = silent.code_of(account_id, visitor, state) if visitor else None
    if visitor is None or link is None or kind not in silent.KINDS:
        return _page(message(_language(request), "gone"), 404)
    edge = _edge(request)
    asked = partial(silent.exchange, kind=kind, account_id=account_id, code=code)
    answered = await edge.call_out(asked) if code else silent.Answered()
    if answered.name:
        proof = people.Proof(account_id, answered.kind, answered.name, visitor)
        visitor = visitor.knowing(account_id, await edge.together(people.join, proof))
    else:
        visitor = visitor.failing(account_id, machine(), again=answered.again)
    query = request.cookies.get(_QUERY, "")
    response = RedirectResponse(f"/p/{link}{'?' + query if query else ''}", 302, headers=_SECURE)
    response.delete_cookie(_QUERY)
    return _with_cookie(response, request, visitor)


async def beacon(request: Request) -> Response:
    """What a page tells: ``{view, read: [[page, ms], ...]}`` (milliseconds on each page in all so far) or
    ``{view, field}``."""
    try:
        told = json.loads(await body_of(request, LONGEST_POST))
    except (ValueError, RecursionError):
        raise Invalid("a beacon is JSON") from None
    if not isinstance(told, dict) or not isinstance(told.get("view"), str):
        raise Invalid("a beacon names its view", field="view")
    token = _token(told["view"])
    if "field" in told:
        await _edge(request).together(actions.touch, actions.Touched(token, str(told["field"])[:100]))
    else:
        await _edge(request).together(actions.read, actions.Read(token, _pages(told.get("read"))))
    return Response(status_code=204)


def _pages(told: object) -> dict[int, int]:
    """Page -> milliseconds; raises Invalid."""
    if not isinstance(told, list) or not 0 < len(told) <= files.MAX_PAGES:
        raise Invalid("read is a list of [page, ms]", field="read")
    pages: dict[int, int] = {}
    for one in told:
        page, ms = one if isinstance(one, list) and len(one) == 2 else (None, None)
        if type(page) is not int or not 1 <= page <= files.MAX_PAGES:
            raise Invalid("page is a number from 1", field="read")
        if type(ms) is not int or not 0 <= ms < 2**53:
            raise Invalid("ms is a number of milliseconds", field="read")
        pages[page] = max(ms, pages.get(page, 0))
    return pages


async def go(request: Request) -> Response:
    """Leave a page by one of its own outside addresses; the click is counted on the way."""
    try:
        away = actions.Away(_token(request.query_params.get("view", "")), _number(request, "n"))
        address = await _edge(request).together(actions.click_away, away)
    except (Invalid, DeadLink):
        return _page(message(_language(request), "gone"), 404)
    return RedirectResponse(address, 302, headers=_SECURE)


async def submit_form(request: Request) -> Response:
    """Send a form. Faults come back on the page (422); what was taken leads to the page of thanks (303)."""
    code: str = request.path_params["code"]
    words = _language(request)
    data = await body_of(request, LONGEST_POST)
    visitor = _visitor(request)
    try:
        raw = parse_qs(data.decode(), keep_blank_values=True, max_num_fields=400)
        token = _token(raw.pop("view", [""])[0])
        if visitor is not None and visitor.number != token.number:
            return _page(message(words, "stale"), 403)
        sent = await _edge(request).together(submitting.submit, submitting.Sending(code, token, visitor, raw, words))
    except ValueError:
        return _page(message(words, "busy"), 400)
    except (Invalid, DeadLink):
        return _page(message(words, "stale"), 403)
    if sent.html:
        return _page(sent.html, TooMany.status if "often" in sent.faults.values() else 422)
    again = "&again=1" if sent.again else ""
    response = RedirectResponse(f"/f/{code}/done?view={token.sealed()}{again}", 303, headers=_SECURE)
    if visitor is not None and sent.who is not None:
        _with_cookie(response, request, visitor.joining(sent.who.origin_id))
    return response


async def form_done(request: Request) -> Response:
    """The page of thanks of a form that this view has sent."""
    words, asked = _language(request), request.query_params
    try:
        token = _token(asked.get("view", ""))
        thanking = submitting.Thanking(request.path_params["code"], token, asked.get("again") == "1", words)
        return _page(await _edge(request).together(submitting.thank, thanking))
    except (Invalid, DeadLink):
        return _page(message(words, "gone"), 404)


async def download_book(request: Request) -> Response:
    """The PDF of an e-book that may be downloaded; the download is counted."""
    content_id: int = request.path_params["content_id"]
    version, view = _number(request, "v"), request.query_params.get("view", "")
    if request.query_params.get("k") != sheet_key(content_id, version):
        raise NotFound("no such page", field="k")
    token = _token(view) if view else None
    book = await _edge(request).together(downloading.download, downloading.Download(content_id, version, token))
    headers = {**_SECURE, "Content-Disposition": f'attachment; filename="{book.name}.pdf"'}
    return Response(book.data, media_type="application/pdf", headers=headers)


def _number(request: Request, name: str) -> int:
    """A small number of the query; raises Invalid."""
    text = request.query_params.get(name, "")
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Invalid(f"{name} is a number", field=name)
    return int(text)


floods = (
    Route("/p/{code}", open_link, methods=["GET"]),
    Route("/oauth/{kind}/{account_id:int}/callback", oauth_callback, methods=["GET"]),
    Route("/t/view", beacon, methods=["POST"]),
    Route("/t/go", go, methods=["GET"]),
    Route("/f/{code}", submit_form, methods=["POST"]),
    Route("/f/{code}/done", form_done, methods=["GET"]),
    Route("/e/{content_id:int}/book.pdf", download_book, methods=["GET"]),
)


@public.get("/e/{content_id}/{page}.png")
def book_page(content_id: Small, page: Small, v: Small, k: str, ctx: Annotated[Ctx, requires(None)]) -> Response:
    """One page of an e-book as a picture."""
    content = queries.content(ctx, content_id, version=v)
    if k != sheet_key(content_id, v) or not isinstance(content.body, EbookBody):
        raise NotFound("no such page", field="k")
    return Response(queries.file_page(ctx, content.body.file, page), media_type="image/png", headers=_kept())


@public.get("/m/{file_id}")
def picture(file_id: Small, ctx: Annotated[Ctx, requires(None)]) -> Response:
    """An uploaded image."""
    row = store.files(ctx, [file_id]).get(file_id)
    if row is None or row.kind != "image":
        raise NotFound("no such image", field="file_id")
    return Response(store.file_data(ctx, file_id), media_type=row.media_type, headers=_kept())


@public.get("/c/{digest}/{name}")
def static_file(digest: str, name: str) -> Response:
    """A stylesheet or script of the pages."""
    if name not in STATIC:
        raise NotFound("no such file", field="name")
    return Response(static(name), media_type=STATIC[name], headers=_kept())


def _kept() -> Mapping[str, str]:
    """Never changes under its address."""
    return {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
