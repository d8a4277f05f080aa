"""Callbacks to Siyu: built at once, delivered with real encryption when due, with the faults asked for."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from sandbox.crypto import document, element, encrypt, sign
from sandbox.engine import Engine, Work
from sandbox.http1 import Unreachable
from sandbox.world import World

PAUSES = (0.0, 0.2, 1.0)  # seconds of machine time before attempts 1, 2, 3


def _lane(uid: str) -> int:
    return int.from_bytes(hashlib.blake2b(uid.encode(), digest_size=4).digest(), "big")


def _raise(world: World, account: str, agentid: int, uid: str, event: str, lane: int, xml: str, at: int) -> None:
    """Schedules one callback's delivery; faults are decided here by its number."""
    number, faults = world.counter("callback"), world.faults
    work: dict[str, object] = {
        "n": number, "account": account, "agentid": agentid, "uid": uid, "event": event, "xml": xml, "fault": "",
    }  # fmt: skip
    due = at
    if faults.lose and world.chance("lose", number) < faults.lose:
        work["fault"] = "lost"
    elif faults.reorder and world.chance("reorder", number) < faults.reorder:
        work["fault"] = "reordered"
        due = at + 1_000 + int(world.chance("reorder_by", number) * 89_000)
    world.schedule(due, "callback", lane, work)
    if faults.duplicate and not work["fault"] and world.chance("duplicate", number) < faults.duplicate:
        later = due + 1_000 + int(world.chance("duplicate_by", number) * 29_000)
        world.schedule(later, "callback", lane, work | {"fault": "duplicated"})


def raise_oa(world: World, appid: str, openid: str, person: int, at: int, fields: Iterable[tuple[str, object]]) -> None:
    """A message or event of an Official Account at `at` (Unix ms); `fields` follow CreateTime. No callback URL:
    nothing.
    """
    account = world.oa[appid]
    if not account.get("callback_url"):
        return
    rest = list(fields)
    event = str(dict(rest).get("Event") or dict(rest).get("MsgType"))
    head = [("ToUserName", account.get("gh_id") or appid), ("FromUserName", openid), ("CreateTime", at // 1000)]
    _raise(world, appid, 0, openid, event, person or _lane(openid), document([*head, *rest]), at)


def raise_wecom(
    world: World, corpid: str, uid: str, at: int, fields: Iterable[tuple[str, object]], *, contacts: bool = True,
    source: str = "sys",
) -> None:  # fmt: skip
    """An event of a corp to every app that may hear it: 客户联系 ones (`contacts`) to callable apps, others to all.

    `source` is its FromUserName, which events of customer service lack.
    """
    rest = list(fields)
    event = str(dict(rest).get("ChangeType") or dict(rest)["Event"])
    head: list[tuple[str, object]] = [("ToUserName", corpid), *([("FromUserName", source)] if source else [])]
    head += [("CreateTime", at // 1000), ("MsgType", "event")]
    for (corp, agentid), app in world.apps.items():
        if corp == corpid and app.get("callback_url") and (app.get("callable") or not contacts):
            _raise(world, corpid, agentid, uid, event, _lane(uid), document([*head, *rest]), at)


def target(world: World, account: str, agentid: int) -> dict[str, object]:
    """The account or app that receives callbacks: callback_url, token, aes_key."""
    return world.apps.get((account, agentid), {}) if agentid else world.oa.get(account, {})


def envelope(world: World, work: Work) -> tuple[str, bytes]:
    """URL and body of one attempt: fresh nonce and random prefix over the same plaintext."""
    account, agentid, xml = str(work["account"]), int(str(work["agentid"])), str(work["xml"])
    owner = target(world, account, agentid)
    token, key = str(owner.get("token", "")), str(owner.get("aes_key", ""))
    stamp, nonce = str(world.clock.now() // 1000), str(secrets.randbelow(10**9) + 10**9)
    # Joined by hand: what stands here are digits, hexadecimals and openids, which need no quoting.
    query = f"timestamp={stamp}&nonce={nonce}"
    body = xml
    if agentid:
        sealed = encrypt(key, account, xml)
        query += f"&msg_signature={sign(token, stamp, nonce, sealed)}"
        body = document([("ToUserName", account), ("AgentID", str(agentid)), ("Encrypt", sealed)])
    else:
        query += f"&signature={sign(token, stamp, nonce)}&openid={work['uid']}"
        if owner.get("mode") in ("safe", "compatible"):
            sealed = encrypt(key, account, xml)
            query += f"&encrypt_type=aes&msg_signature={sign(token, stamp, nonce, sealed)}"
            if owner["mode"] == "safe":
                body = document([("ToUserName", owner.get("gh_id") or account), ("Encrypt", sealed)])
            else:
                body = xml.replace("</xml>", element("Encrypt", sealed) + "</xml>")
    url = str(owner.get("callback_url", ""))
    return f"{url}{'&' if '?' in url else '?'}{query}", body.encode()


async def deliver(engine: Engine, work: Work, due: int) -> None:
    """Up to three attempts; each is logged. A lost callback is logged once and never sent."""
    world = engine.world
    account, event, uid, fault = str(work["account"]), str(work["event"]), str(work["uid"]), str(work["fault"])

    def note(result: str, data: Mapping[str, object] | None = None) -> None:
        number = str(work["n"])
        world.log("callback", event, due, account=account, uid=uid, msgid=number, key=fault, result=result, data=data)
        world.db.commit_soon()

    if fault == "lost":
        note("lost")
        return
    for attempt, pause in enumerate(PAUSES, 1):
        if pause:
            await asyncio.sleep(pause)
        url, body = envelope(world, work)
        try:
            answer = await engine.client.request(
                "POST", url, [("content-type", "text/xml; charset=utf-8")], body, engine.callback_timeout
            )
            result = "delivered" if answer.status == 200 else f"status {answer.status}"
        except Unreachable as error:
            result = f"unreachable: {error}"[:200]
        note(result, {"attempt": attempt})
        if result == "delivered":
            engine.totals.delivered += 1
            return
    note("failed")


async def verify(engine: Engine, account: str, agentid: int) -> dict[str, object]:
    """The platform's URL check (GET with echostr): ok when the answer is the plain echo."""
    world = engine.world
    owner = target(world, account, agentid)
    token, stamp, nonce = str(owner.get("token", "")), str(world.clock.now() // 1000), str(secrets.randbelow(10**9))
    echo = str(secrets.randbelow(10**18))
    if agentid:
        sealed = encrypt(str(owner["aes_key"]), account, echo)
        query = {
            "msg_signature": sign(token, stamp, nonce, sealed),
            "timestamp": stamp,
            "nonce": nonce,
            "echostr": sealed,
        }
    else:
        query = {"signature": sign(token, stamp, nonce), "timestamp": stamp, "nonce": nonce, "echostr": echo}
    url = str(owner.get("callback_url", ""))
    try:
        answer = await engine.client.request("GET", f"{url}{'&' if '?' in url else '?'}{urlencode(query)}", timeout=5.0)
    except Unreachable as error:
        return {"ok": False, "status": 0, "detail": str(error)}
    same = answer.status == 200 and answer.body == echo.encode()
    return {"ok": same, "status": answer.status, "detail": "" if same else answer.body[:200].decode("utf-8", "replace")}
