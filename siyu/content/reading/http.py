"""Private: the pages that customers open. No sign-in; machines are shown the page but counted nowhere."""

import json
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from siyu.content import files, queries, store
from siyu.content.bodies import EbookBody, LinkBody
from siyu.content.reading import actions, silent, submitting
from siyu.content.reading.pages import STATIC, Maker, message, sheet_key, static
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
from siyu.kernel.errors import Invalid, NotFound, SiyuError, TooMany
from siyu.kernel.http import Edge, requires

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


class TooLarge(SiyuError):
    """More was posted than a form or a beacon can hold."""

    status = 413
    code = "too_large"


async def posted(request: Request) -> bytes:
    """The body of a post, up to LONGEST_POST bytes; raises TooLarge."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > LONGEST_POST:
            raise TooLarge("the body is too large")
    return bytes(parts)


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


@public.get("/p/{code}", response_class=HTMLResponse)
def open_link(code: str, request: Request, ctx: Annotated[Ctx, requires(None)]) -> Response:
    """Open a link: a page, or the outside address it wraps. Inside WeChat the reader is asked for silently first."""
    words = _language(request)
    try:
        target = actions.target(ctx, code)
    except actions.DeadLink:
        return _page(message(words, "gone"), 404)
    agent = request.headers.get("user-agent", "")
    purpose = request.headers.get("sec-purpose", request.headers.get("purpose", ""))
    body = target.content.body
    if is_bot(agent, purpose):
        if isinstance(body, LinkBody):
            return RedirectResponse(body.url, 302, headers=_SECURE)
        return _page(Maker(ctx, words, code, None, target.link.account_id).page(target.content, target.form, {}))
    visitor = _visitor(request) or new_visitor()
    wechat = is_wechat(agent)
    account = silent.account_for(ctx, target.link.account_id) if wechat else None
    if account is not None and silent.wanted(visitor, account):
        response: Response = RedirectResponse(silent.redirect(account, visitor, code), 302, headers=_SECURE)
        response.set_cookie(
            _QUERY, request.url.query[:500], max_age=600, httponly=True, samesite="lax", secure=_secure(request)
        )
        return _with_cookie(response, request, visitor)
    opened = actions.open_page(ctx, target, visitor, wechat=wechat, parameters=dict(request.query_params))
    if isinstance(body, LinkBody):
        response = RedirectResponse(body.url, 302, headers=_SECURE)
    else:
        maker = Maker(ctx, words, code, opened.token, target.link.account_id)
        response = _page(maker.page(target.content, target.form, opened.known))
    return _with_cookie(response, request, visitor)


@public.get("/oauth/oa/{account_id}/callback", response_class=HTMLResponse)
def oauth_callback(account_id: Small, request: Request, state: str = "", code: str = "") -> Response:
    """WeChat sends the browser back; whatever it says, the reader gets the page."""
    visitor = _visitor(request)
    link = silent.code_of(account_id, visitor, state) if visitor else None
    if visitor is None or link is None:
        return _page(message(_language(request), "gone"), 404)
    asked = silent.Asked()
    if code:
        edge: Edge = request.app.state.edge
        edge.run(silent.exchange(account_id, code, visitor, asked))
    if asked.openid:
        visitor = visitor.knowing(account_id, asked.openid)
    else:
        visitor = visitor.refusing(account_id, machine())
    query = request.cookies.get(_QUERY, "")
    response = RedirectResponse(f"/p/{link}{'?' + query if query else ''}", 302, headers=_SECURE)
    response.delete_cookie(_QUERY)
    return _with_cookie(response, request, visitor)


@public.post("/t/view", status_code=204)
def beacon(data: Annotated[bytes, Depends(posted)], ctx: Annotated[Ctx, requires(None)]) -> Response:
    """What a page tells: ``{view, page, ms}`` (milliseconds on that page in all so far) or ``{view, field}``."""
    try:
        told = json.loads(data)
    except ValueError:
        raise Invalid("a beacon is JSON") from None
    if not isinstance(told, dict) or not isinstance(told.get("view"), str):
        raise Invalid("a beacon names its view", field="view")
    token = _token(told["view"])
    if "field" in told:
        actions.touch_field(ctx, token, str(told["field"])[:100])
    else:
        page, ms = told.get("page"), told.get("ms")
        if type(page) is not int or not 1 <= page <= files.MAX_PAGES:
            raise Invalid("page is a number from 1", field="page")
        if type(ms) is not int or not 0 <= ms < 2**53:
            raise Invalid("ms is a number of milliseconds", field="ms")
        actions.read_page(ctx, token, page, ms)
    return Response(status_code=204)


@public.get("/t/go")
def go(view: str, n: Small, request: Request, ctx: Annotated[Ctx, requires(None)]) -> Response:
    """Leave a page by one of its own outside addresses; the click is counted on the way."""
    try:
        address = actions.click_away(ctx, _token(view), n)
    except (Invalid, actions.DeadLink):
        return _page(message(_language(request), "gone"), 404)
    return RedirectResponse(address, 302, headers=_SECURE)


@public.post("/f/{code}", response_class=HTMLResponse)
def submit_form(
    code: str, request: Request, data: Annotated[bytes, Depends(posted)], ctx: Annotated[Ctx, requires(None)]
) -> Response:
    """Send a form. Faults come back on the page (422); what was taken leads to the page of thanks (303)."""
    words = _language(request)
    try:
        raw = parse_qs(data.decode(), keep_blank_values=True, max_num_fields=400)
        token = _token(raw.pop("view", [""])[0])
        visitor = _visitor(request)
        if visitor is not None and visitor.number != token.number:
            return _page(message(words, "stale"), 403)
        done = submitting.submit(ctx, token, visitor, raw)
    except ValueError:
        return _page(message(words, "busy"), 400)
    except (Invalid, actions.DeadLink):
        return _page(message(words, "stale"), 403)
    if done.faults:
        target = actions.target(ctx, code)
        maker = Maker(ctx, words, code, token, target.link.account_id)
        status = TooMany.status if "often" in done.faults.values() else 422
        return _page(maker.page(done.page, done.form, done.known, raw, done.faults), status)
    again = "&again=1" if done.again else ""
    response = RedirectResponse(f"/f/{code}/done?view={token.sealed()}{again}", 303, headers=_SECURE)
    if visitor is not None and done.who is not None:
        _with_cookie(response, request, visitor.joining(done.who.origin_id))
    return response


@public.get("/f/{code}/done", response_class=HTMLResponse)
def form_done(code: str, view: str, request: Request, ctx: Annotated[Ctx, requires(None)], again: int = 0) -> Response:
    """The page of thanks of a form that this view has sent."""
    words = _language(request)
    try:
        target, token = actions.target(ctx, code), _token(view)
        page, form = actions.submitted(ctx, token)
    except (Invalid, actions.DeadLink):
        return _page(message(words, "gone"), 404)
    maker = Maker(ctx, words, code, token, target.link.account_id)
    before = len(actions.outside(page)) if page.content_id != form.content_id else 0
    return _page(maker.done(form, bool(again), before))


def _book(ctx: Ctx, content_id: int, version: int, key: str) -> tuple[int, int, str]:
    """(file_id, pages, sha256) of the e-book whose key this is; raises NotFound."""
    content = queries.content(ctx, content_id, version=version)
    if key != sheet_key(content_id, version) or not isinstance(content.body, EbookBody):
        raise NotFound("no such page", field="k")
    row = store.files(ctx, [content.body.file])[content.body.file]
    return row.file_id, row.pages or 0, row.sha256


@public.get("/e/{content_id}/book.pdf")
def download_book(content_id: Small, v: Small, k: str, ctx: Annotated[Ctx, requires(None)], view: str = "") -> Response:
    """The PDF of an e-book that may be downloaded; the download is counted."""
    content = queries.content(ctx, content_id, version=v)
    file_id, _, _ = _book(ctx, content_id, v, k)
    if not isinstance(content.body, EbookBody) or not content.body.downloadable:
        raise NotFound("this book cannot be downloaded", field="content_id")
    if view:
        actions.clicked(ctx, _token(view), content_id, {"file": file_id}, "download", "downloaded")
    data = store.file_data(ctx, file_id)
    headers = {**_SECURE, "Content-Disposition": f'attachment; filename="{content.key}.pdf"'}
    return Response(data, media_type="application/pdf", headers=headers)


@public.get("/e/{content_id}/{page}.png")
def book_page(content_id: Small, page: Small, v: Small, k: str, ctx: Annotated[Ctx, requires(None)]) -> Response:
    """One page of an e-book as a picture."""
    file_id, pages, sha = _book(ctx, content_id, v, k)
    if not 1 <= page <= pages:
        raise NotFound("the book has no such page", field="page")
    data = files.cached_page(sha, page)
    if data is None:
        data = files.render_page(store.file_data(ctx, file_id) or b"", sha, page)
    return Response(data, media_type="image/png", headers=_kept())


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
