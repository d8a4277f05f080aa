"""What holds for every request and answer, whatever route takes it: HEAD, storable addresses, headers of safety."""

from typing import Any

from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from siyu.kernel.errors import BadText
from siyu.kernel.http import ErrorBody

SCREENS = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""For the screens. Their component library writes its styles into the page while it runs."""


def refusal(
    status: int, code: str, message: str, field: str | None = None, detail: dict[str, Any] | None = None
) -> JSONResponse:
    """An answer that says what was wrong, as every error does."""
    body = ErrorBody(code=code, message=message, field=field, detail=detail or {})
    return JSONResponse(body.model_dump(mode="json"), status_code=status)


class Guard:
    """ASGI middleware. ``secure``: the public address is https."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app, self.secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer HEAD as GET without its body, refuse NUL in addresses, add headers that a route did not set itself."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}

        large = b""

        async def told(message: Message) -> None:
            nonlocal large
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                if message["status"] == 413 and headers.get("content-type", "").startswith("text/plain"):
                    large = bytes(refusal(413, "body_too_large", "the body has more bytes than this route takes").body)
                    headers["content-type"], headers["content-length"] = "application/json", str(len(large))
                self._add(scope["path"], headers)
                message = {**message, "headers": headers.raw}
            elif head or large:
                message = {**message, "body": b"" if head else large, "more_body": False}
            await send(message)

        api = scope["path"].startswith("/api/")  # whose routes name the parameter themselves
        if "\x00" in scope["path"] or (not api and b"%00" in scope["query_string"]):
            error = BadText("the address holds a NUL", field="path")
            await refusal(error.status, error.code, error.message, error.field)(scope, receive, told)
            return
        await self.app(scope, receive, told)

    def _add(self, path: str, headers: MutableHeaders) -> None:
        headers.setdefault("x-content-type-options", "nosniff")
        headers.setdefault("referrer-policy", "same-origin")
        if path.startswith("/api/"):
            headers.setdefault("cache-control", "no-store")
        if "content-security-policy" not in headers and headers.get("content-type", "").startswith("text/html"):
            headers["x-frame-options"] = "DENY"
            if path != "/api/docs":
                headers["content-security-policy"] = SCREENS
        if self.secure:
            headers.setdefault("strict-transport-security", "max-age=31536000")
