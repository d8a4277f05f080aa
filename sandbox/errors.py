"""Error codes of the platforms that the sandbox answers with (docs/platform.md A.1, B.4)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from starlette.datastructures import Address

TEXTS = {
    -1: "system error", 40001: "invalid credential, access_token is invalid or not latest", 40003: "invalid openid",
    40004: "invalid media type", 40006: "invalid media size", 40007: "invalid media_id", 40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token", 40016: "invalid button size", 40029: "invalid code", 40031: "invalid userid list",
    40032: "invalid openid list size", 40035: "invalid parameter", 40037: "invalid template_id",
    40056: "invalid agentid",
    40058: "invalid request parameter", 40063: "some parameters are empty", 40068: "invalid tagid",
    40096: "invalid external userid",
    40125: "invalid appsecret", 40163: "code been used", 40164: "invalid ip, not in whitelist",
    41001: "access_token missing",
    41044: "invalid contact way config_id", 41091: "too many chat id for join way", 42001: "access_token expired",
    42003: "code expired",
    42022: "code been used", 43004: "require subscribe", 44002: "empty post data", 45002: "content size out of limit",
    45003: "title size out of limit", 45004: "description size out of limit", 45005: "url size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit", 45011: "api minute-quota reach limit",
    45015: "response out of time limit",
    45028: "has no masssend quota", 45047: "out of response count limit", 45056: "create tag count out of limit",
    45058: "can not modify sys tag", 45059: "can not tag more than 20", 45065: "clientmsgid exist",
    45067: "clientmsgid size out of limit",
    45157: "invalid tag name", 45158: "tag name too long", 45159: "invalid tag id", 46004: "user not exist",
    47001: "data format error",
    47003: "argument invalid", 48001: "api unauthorized", 48002: "user refuse to accept the msg",
    48006: "forbid to clear quota because of reaching the limit",
    48008: "no permission for this msgtype", 50001: "redirect_url domain not trusted",
    50002: "member out of visible range",
    50100: "invalid cursor", 60003: "department not found", 60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip", 60111: "userid not found", 81017: "too many items",
    84061: "not external contact",
    86001: "invalid chatid", 86003: "invalid chatid",
}  # fmt: skip

WECOM_TEXTS = {
    40001: "invalid credential",
    40032: "invalid userid list size",
    48002: "api forbidden for this app",
    45009: "api freq out of limit",
    40005: "invalid file type",
    40071: "tag name exists",
    40126: "tag limit exceeded",
    40144: "customer carries too many tags",
    41041: "too many members in contact way",
    41045: "contact way limit exceeded",
    41046: "missing groupmsg msgid",
    41047: "invalid groupmsg msgid",
    41048: "no customer to send to",
    41049: "welcome code missing",
    41050: "invalid welcome code",
    41051: "customer already chatting",
    41058: "no right to edit this object",
    41063: "groupmsg is being dispatched",
    41064: "too many attachments",
    41065: "invalid attachment type",
    41093: "groupmsg already cancelled",
    41094: "remind frequency limit",
    41096: "welcome message being distributed",
    41111: "invalid tag count",
    41201: "invalid chat key",
    41200: "not allowed for this industry",
    42052: "msgid expired",
    45001: "media size out of limit",
    45035: "concurrent write",
    41210: "too many moment tasks this month",
    95000: "invalid open_kfid",
    95001: "more than 5 messages",
    95002: "past 48 hours",
    95004: "open_kfid missing",
    95007: "invalid token",
    95008: "menu too large",
    95013: "session ended",
    95014: "not a servicer",
    95016: "state change not allowed",
    95018: "state forbids sending",
    95031: "no enquiry in 48 hours",
    95033: "duplicate msgid",
    81013: "all receivers are invalid",
    82001: "no receivers",
}


class Refused(Exception):
    """A platform call answered with an error; what the handler wrote is taken back."""

    def __init__(self, code: int, detail: str = "", extra: Mapping[str, object] | None = None) -> None:
        super().__init__(code, detail)
        self.code, self.detail, self.extra = code, detail, dict(extra or {})


def message(platform: str, refusal: Refused, client: Address | None) -> str:
    """errmsg as the platform words it: with rid (OA) or hint and address (WeCom). Nobody may match on it."""
    text = TEXTS.get(refusal.code, "error")
    if platform == "wecom":
        text = WECOM_TEXTS.get(refusal.code, text)
    if refusal.detail:
        text = f"{text}: {refusal.detail}"
    if platform == "oa":
        return f"{text} rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    ip = client.host if client else "127.0.0.1"
    return (
        f"{text}, hint: [{secrets.token_hex(8)}], from ip: {ip}, "
        f"more info at https://open.work.weixin.qq.com/devtool/query?e={refusal.code}"
    )
