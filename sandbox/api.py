"""The platforms' front door: envelope, tokens, permissions, quotas, faults, and the log of every call."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from sandbox.clock import day
from sandbox.engine import Engine
from sandbox.errors import Refused, message
from sandbox.store import dumps
from sandbox.world import World

Platform = Literal["oa", "wecom"]
MINUTE_MS, HOUR_MS = 60_000, 3_600_000


@dataclass(slots=True)
class Call:
    """One platform call on its way through a handler."""

    engine: Engine
    account: str
    agentid: int
    query: Mapping[str, str]
    body: dict[str, object]
    at: int
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    who: tuple[int, str] = (0, "")  # the person and uid concerned, for the log
    trouble: str = ""  # what becomes of the answer: "lost" on the way, or the front server is "down"

    @property
    def world(self) -> World:
        """The world."""
        return self.engine.world

    def fresh(self, made: sqlite3.Row, ms: int) -> bool:
        """Whether a thing (its `created` and `machine`) was made less than `ms` ago, by the machine's clock and by this
        world's: in one that is moved on by hours at a time it would else look unfinished for a day."""
        machine, at = int(made["machine"]), int(made["created"])
        return 0 <= self.world.clock.short() - machine < ms and self.at - at < ms

    def text(self, name: str, code: int = 40035) -> str:
        """A required text of the body. Refuses with `code`."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value:
            raise Refused(code, name)
        return value

    def part(self, name: str, code: int = 40035) -> dict[str, object]:
        """A required object of the body. Refuses with `code`."""
        value = self.body.get(name)
        if not isinstance(value, dict):
            raise Refused(code, name)
        return value

    def ids(self, name: str, most: int, code: int = 40032, least: int = 1) -> list[str]:
        """A required list of texts with `least`..`most` items. Refuses with `code`."""
        value = self.body.get(name)
        if not isinstance(value, list) or not least <= len(value) <= most or not all(isinstance(v, str) for v in value):
            raise Refused(code, name)
        return [str(v) for v in value]

    def number(self, name: str, default: int, least: int, most: int, code: int = 40035) -> int:
        """An integer of the body within bounds, or the default when absent. Refuses with `code`."""
        value = self.body.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Refused(code, name)
        return value


Handler = Callable[[Call], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the route table. `need`: account type (OA) or app right (WeCom); `daily`: calls a natural day (OA)."""

    platform: Platform
    method: str
    path: str
    handler: Handler
    need: str = ""
    daily: int = 0
    token: bool = True


class _Json:
    """An answer whose body is JSON: Starlette's Response without what it does for others."""

    __slots__ = ("body",)

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class _Down:
    """A front server whose platform does not answer: HTTP 502, no envelope."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 502, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


class _Cut:
    """An answer that never comes: the connection is cut after the headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"64")]})


class Gate:
    """Runs endpoints for one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._windows: dict[tuple[str, str, int], tuple[int, int]] = {}
        self._calls = 0

    async def __call__(self, endpoint: Endpoint, request: Request) -> _Json | _Cut | _Down:
        """Answers one HTTP request to a platform; HTTP 200 with an envelope unless a fault says otherwise."""
        world = self.engine.world
        if world.faults.latency_ms:
            await asyncio.sleep(world.faults.latency_ms / 1000)
        self._calls += 1
        account, who, cut, down = "", (0, ""), False, False
        query = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
        try:
            body, files = await _read(endpoint.platform, request)
            with world.db.piece():
                now = world.clock.now()
                self._faults(endpoint)
                agentid = 0
                if endpoint.token:
                    account, agentid = self._authorised(endpoint, query.get("access_token", ""), now)
                    self._permitted(endpoint, account, agentid)
                    self._counted(endpoint, account, now)
                call = Call(self.engine, account, agentid, query, body, now, files)
                try:
                    result = dict(endpoint.handler(call))
                finally:
                    account, who = call.account, call.who
            rate = world.faults.drop_answers
            trouble = call.trouble
            cut = trouble == "lost" or (rate > 0 and world.chance("drop", self._calls) < rate)
            down = trouble == "down"
        except Refused as refusal:
            result = {
                "errcode": refusal.code,
                "errmsg": message(endpoint.platform, refusal, request.client),
                **refusal.extra,
            }
        world.log(
            "api", endpoint.path, world.clock.now(), account=account, person=who[0], uid=who[1],
            result=str(result.get("errcode", 0)), key=endpoint.method,
            msgid=str(result.get("msg_id") or result.get("msgid") or ""),
        )  # fmt: skip
        await world.db.commit_soon()
        self.engine.wake()
        if cut:
            return _Cut()
        if down:
            return _Down()
        return _Json(dumps(result).encode())

    def _faults(self, endpoint: Endpoint) -> None:
        faults = self.engine.world.faults
        if faults.ip_denied:
            raise Refused(40164 if endpoint.platform == "oa" else 60020)
        if faults.busy and self.engine.world.chance("busy", self._calls) < faults.busy:
            raise Refused(-1)

    def _authorised(self, endpoint: Endpoint, token: str, now: int) -> tuple[str, int]:
        if not token:
            raise Refused(41001)
        oa = endpoint.platform == "oa"
        row = self.engine.world.db.one("select * from token where token = ? and platform = ?", token, endpoint.platform)
        if row is None:
            raise Refused(40001 if oa and len(token) >= 64 else 40014)
        if row["expires"] <= now:
            raise Refused(42001)
        if row["revoked"] or (row["replaced"] is not None and row["replaced"] <= now):
            raise Refused(40001 if oa else 40014)
        return row["account"], row["agentid"]

    def _permitted(self, endpoint: Endpoint, account: str, agentid: int) -> None:
        world = self.engine.world
        if endpoint.platform == "oa":
            owner = world.oa[account]
            if endpoint.need == "verified" and not owner.get("verified", True):
                raise Refused(48001)
            if endpoint.need == "svc" and (owner.get("kind", "svc") != "svc" or not owner.get("verified", True)):
                raise Refused(48001)
        elif endpoint.need and not world.apps[(account, agentid)].get(endpoint.need):
            raise Refused(48002)

    def _counted(self, endpoint: Endpoint, account: str, now: int) -> None:
        world = self.engine.world
        if endpoint.platform == "wecom":
            self.window(account, endpoint.path, 10_000, MINUTE_MS, world.clock.short())
            self.window(account, endpoint.path, 150_000, HOUR_MS, now)
        elif endpoint.daily:
            self.daily(account, endpoint.path, endpoint.daily, now)

    def window(self, account: str, api: str, limit: int, span: int, now: int, code: int = 45009) -> None:
        """Counts one call in a fixed window of `span` ms from its first call; over the limit it is refused until the
        window ends.
        """
        key = (account, api, span)
        start, used = self._windows.get(key, (now, 0))
        if not start <= now < start + span:
            start, used = now, 0
        if used >= limit:
            raise Refused(code)
        self._windows[key] = (start, used + 1)

    def daily(self, account: str, api: str, limit: int, now: int) -> None:
        """Counts one call of the natural day; over the account's quota it is refused with 45009."""
        world = self.engine.world
        scale = float(str(world.oa.get(account, {}).get("quota_scale") or 1))
        key = (account, api, day(now))
        used = world.db.value(
            "insert into quota (account, api, day, n) values (?, ?, ?, 1) on conflict (account, api, day) do "
            "update set n = n + 1 returning n",
            *key,
        )
        if used > int(limit * scale):
            raise Refused(45009)


async def _read(platform: Platform, request: Request) -> tuple[dict[str, object], dict[str, tuple[str, bytes]]]:
    """Body as JSON, or the files of a multipart upload."""
    if request.method == "GET":
        return {}, {}
    if request.headers.get("content-type", "").startswith("multipart/"):
        files: dict[str, tuple[str, bytes]] = {}
        fields: dict[str, object] = {}
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files[name] = (value.filename or name, await value.read())
                else:
                    fields[name] = value
        return fields, files
    try:
        raw = await request.body()
    except ClientDisconnect:
        raise Refused(44002) from None
    if not raw.strip():
        raise Refused(44002 if platform == "oa" else 40035)
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refused(47001 if platform == "oa" else 40035, "wrong json format") from None
    if not isinstance(body, dict):
        raise Refused(47001 if platform == "oa" else 40035, "wrong json format")
    return body, {}


def new_token(
    world: World, platform: Platform, account: str, agentid: int, kind: str, now: int, lifetime_ms: int = 7_200_000
) -> str:
    """Issues a token (about 130 characters) that lives `lifetime_ms`."""
    token = f"{secrets.randbelow(90) + 10}_" + hashlib.sha512(secrets.token_bytes(32)).hexdigest()
    world.db.run(
        "insert into token (token, platform, account, agentid, kind, issued, expires) values (?, ?, ?, ?, ?, ?, ?)",
        token, platform, account, agentid, kind, now, now + lifetime_ms,
    )  # fmt: skip
    return token
