"""App messages to members (应用消息)."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.api import Call, Endpoint
from sandbox.clock import day
from sandbox.errors import Refused
from sandbox.media import media
from sandbox.store import dumps
from sandbox.wecom.directory import OK, departments, members
from sandbox.world import digest

RECEIVERS, PARTIES, PERSON_TIMES, MINUTE, HOUR = 1_000, 100, 200, 30, 1_000
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
FIRST, MOST_S = 1_800, 14_400


def _listed(call: Call, name: str, most: int) -> list[str]:
    value = call.body.get(name) or ""
    if not isinstance(value, str):
        raise Refused(40035, name)
    found = [one for one in dict.fromkeys(value.split("|")) if one]
    if len(found) > most:
        raise Refused(40032 if name == "touser" else 40035, name)
    return found


def _required(part: dict[str, object], name: str, most: int, *, letters: bool = False) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(40058, name)
    if (len(value) if letters else len(value.encode())) > most:
        raise Refused(45002, name)
    return value


def _content(call: Call) -> tuple[str, str, str]:
    """(title, text, url) that the member sees. Refuses what the kind does not allow."""
    kind = call.text("msgtype", 40008)
    if kind not in ("text", "markdown", "textcard", "news", "image", "voice", "video", "file", "template_card"):
        raise Refused(40008)
    part = call.part(kind, 40058)
    if kind in ("text", "markdown"):
        words = part.get("content")
        if not isinstance(words, str) or not words:
            raise Refused(40058, "content")
        return "", words.encode()[:2_048].decode("utf-8", "ignore"), ""  # cut silently, as the platform does
    if kind == "textcard":
        words = _required(part, "description", 512, letters=True)
        return _required(part, "title", 128, letters=True), words, _required(part, "url", 2_048)
    if kind == "news":
        articles = part.get("articles")
        if not isinstance(articles, list) or not articles or not isinstance(articles[0], dict):
            raise Refused(40058, "articles")
        if len(articles) > 8:
            raise Refused(45008)
        first = articles[0]
        return _required(first, "title", 128), str(first.get("description") or ""), _required(first, "url", 2_048)
    if kind == "template_card":
        return _card(part)
    media(call.world, call.account, part.get("media_id"), (kind,), call.at)
    return str(part.get("title") or ""), f"[{kind}]", ""


def _card(part: dict[str, object]) -> tuple[str, str, str]:
    if part.get("card_type") not in (
        "text_notice", "news_notice", "button_interaction", "vote_interaction", "multiple_interaction",
    ):  # fmt: skip
        raise Refused(40058, "card_type")
    title, action = part.get("main_title"), part.get("card_action")
    if not isinstance(title, dict):
        raise Refused(40058, "main_title")
    if str(part["card_type"]).endswith("_notice") and not isinstance(action, dict):
        raise Refused(40058, "card_action")
    url = str(action.get("url") or "") if isinstance(action, dict) else ""
    return str(title.get("title") or ""), str(title.get("desc") or part.get("sub_title_text") or ""), url


def send(call: Call) -> Mapping[str, object]:
    """Sends to members, who get it at once; those who cannot are named, all of them: 81013."""
    if call.body.get("agentid") != call.agentid:
        raise Refused(40056)
    users, parties = _listed(call, "touser", RECEIVERS), _listed(call, "toparty", PARTIES)
    if not users and not parties and not call.body.get("totag"):
        raise Refused(82001)
    title, text, url = _content(call)
    everybody = {str(m["userid"]): m for m in members(call.world, call.account) if m.get("status", 1) == 1}
    places = {str(d["id"]) for d in departments(call.world, call.account)}
    wanted = set(everybody) if users == ["@all"] else set(users) & set(everybody)
    for userid, member in everybody.items():
        own = member.get("department")
        if {str(d) for d in (own if isinstance(own, list) else [1])} & set(parties):
            wanted.add(userid)
    bad = [u for u in users if u not in everybody and u != "@all"]
    gone = [p for p in parties if p not in places]
    if not wanted:
        raise Refused(81013)
    number = call.world.counter("app_message")
    shown, key = title or text[:40], digest(title, text)
    _counted(call, len(wanted))
    data = dumps({"title": title, "text": text, "url": url, "msgtype": call.body["msgtype"]})
    for userid in sorted(_fresh(call, wanted, key)):
        call.world.db.run(
            "insert into log (at, kind, name, account, person, uid, route, msgid, key, result, data) values "
            "(?, 'staff_received', ?, ?, 0, ?, 'wecom_app', ?, ?, '', ?)",
            call.at, shown, call.account, userid, f"m{number}", key, data,
        )  # fmt: skip
    return OK | {
        "invaliduser": "|".join(bad), "invalidparty": "|".join(gone), "invalidtag": "", "unlicenseduser": "",
        "msgid": f"m{number}",
    }  # fmt: skip


def _counted(call: Call, persons: int) -> None:
    """Person-times of the natural day: members of the corp x 200 for each app."""
    most = PERSON_TIMES * len(members(call.world, call.account))
    api = f"message:{call.agentid}"
    used = call.world.db.value(
        "insert into quota (account, api, day, n) values (?, ?, ?, ?) on conflict (account, api, day) "
        "do update set n = n + excluded.n returning n", call.account, api, day(call.at), persons,
    )  # fmt: skip
    if used > most:
        raise Refused(45009)


def _fresh(call: Call, wanted: set[str], key: str) -> set[str]:
    """Without whom the platform drops silently: over 30 a minute or 1000 an hour, or the same again when so asked."""
    again = call.number("enable_duplicate_check", 0, 0, 1)
    span = call.number("duplicate_check_interval", FIRST, 1, MOST_S) * 1_000
    late: set[str] = set()
    for row in call.world.db.all(
        "select uid, sum(at > ?) minute, count(*) hour from log where kind = 'staff_received' and account = ? and "
        "at > ? group by uid", call.at - MINUTE_MS, call.account, call.at - HOUR_MS,
    ):  # fmt: skip
        if row["minute"] >= MINUTE or row["hour"] >= HOUR:
            late.add(row["uid"])
    if again:
        late |= {
            str(r[0])
            for r in call.world.db.all(
                "select uid from log where kind = 'staff_received' and account = ? and key = ? and at > ?",
                call.account, key, call.at - span,
            )
        }  # fmt: skip
    return wanted - late


def recall(call: Call) -> Mapping[str, object]:
    """Takes a message back within 24 hours."""
    msgid = call.text("msgid", 40058)
    rows = "kind = 'staff_received' and account = ? and msgid = ?"
    first = call.world.db.value(f"select min(at) from log where {rows}", call.account, msgid)  # noqa: S608  # only names of our own in the text
    if not first or call.at - first > DAY_MS:
        raise Refused(42052 if first else 40058)
    call.world.db.run(f"update log set result = 'recalled' where {rows}", call.account, msgid)  # noqa: S608  # only names of our own in the text
    return OK


ENDPOINTS = [
    Endpoint("wecom", "POST", "/cgi-bin/message/send", send),
    Endpoint("wecom", "POST", "/cgi-bin/message/recall", recall),
]
