"""Door: accounts, and the raw inbox."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from siyu.kernel import audit, notices
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ring
from siyu.kernel.errors import NotFound
from siyu.kernel.secrets import encrypt
from siyu.platforms import store
from siyu.platforms.crypto import BadEnvelope, aes_key
from siyu.platforms.types import SENDERS, AccountKind, AccountTaken, BadAccount, InboxMessage, InboxRow

CONFIG: Mapping[AccountKind, Mapping[str, str]] = {
    "oa": {
        "base_url": "https://api.weixin.qq.com",
        "oauth_url": "https://open.weixin.qq.com",
        "qr_url": "https://mp.weixin.qq.com",
        "mode": "plain",
        "gh_id": "",
        "kind": "svc",
    },
    "wecom": {
        "base_url": "https://qyapi.weixin.qq.com",
        "oauth_url": "https://open.weixin.qq.com",
        "corpid": "",
        "agentid": "",
    },
    "webhook": {},
}
"""What may stand in an account's config, with defaults."""

ATTEMPTS = 6
"""After so many failures an inbox message waits for a person."""
KEEP_KEYS = timedelta(days=7)
"""How long the key of a message that was handled guards against repeats (the timeline's own keys live longer)."""


def save_account(
    ctx: Ctx,
    *,
    kind: AccountKind,
    key: str,
    name: str,
    config: Mapping[str, str] | None = None,
    secret: str | None = None,
    token: str | None = None,
    aes_key: str | None = None,
    active: bool = True,
) -> int:
    """Create the account (kind, key) or change it; returns account_id. Secrets that are None stay as they are.

    A WeCom key is ``corpid-agentid``. Raises BadAccount.
    """
    settled = _config(kind, key, config or {})
    secrets = {"secret": secret, "token": token, "aes_key": aes_key}
    _check_secrets(secrets)
    stored = {field: encrypt(value) if value else "" for field, value in secrets.items() if value is not None}
    found = store.account_rows(ctx, kind=kind, key=key)
    if found:
        account_id: int = found[0].account_id
        store.change_account(ctx, account_id, name=name, config=settled, active=active, **stored)
        if secret is not None or settled != found[0].config:
            store.drop_tokens(ctx, account_id)
        audit.record(ctx, "platforms.change_account", "account", account_id, secrets=sorted(stored))
    else:
        empty = dict.fromkeys(secrets, "")
        added = store.add_account(
            ctx, kind=kind, key=key, name=name, config=settled, active=active, **{**empty, **stored}
        )
        if added is None:
            raise AccountTaken("another account has this key", field="key")
        account_id = added
        audit.record(ctx, "platforms.add_account", "account", account_id, kind=kind, key=key)
    notices.write(ctx, "platforms.account_saved", account_id=account_id, account_kind=kind, new=not found)
    return account_id


def _config(kind: AccountKind, key: str, given: Mapping[str, str]) -> dict[str, str]:
    if kind not in SENDERS:
        raise BadAccount("the kind is oa, wecom or webhook", field="kind")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key):
        raise BadAccount("the key has 1 to 64 letters, digits, _ or -", field="key")
    defaults = CONFIG[kind]
    for name, value in given.items():
        if name not in defaults:
            raise BadAccount(f"{kind} accounts have no setting {name}", field=f"config.{name}")
        if name.endswith("_url") and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
            raise BadAccount("an address with http:// or https:// is needed", field=f"config.{name}")
    settled = {**defaults, **given}
    if kind == "wecom":
        corpid, _, agentid = key.rpartition("-")
        settled["corpid"], settled["agentid"] = settled["corpid"] or corpid, settled["agentid"] or agentid
        if key != f"{settled['corpid']}-{settled['agentid']}" or not settled["agentid"].isdigit():
            raise BadAccount("the key of a WeCom app is corpid-agentid", field="key")
    if kind == "oa" and settled["mode"] not in ("plain", "compatible", "safe"):
        raise BadAccount("the mode is plain, compatible or safe", field="config.mode")
    return {name: value.rstrip("/") if name.endswith("_url") else value for name, value in settled.items()}


def _check_secrets(secrets: Mapping[str, str | None]) -> None:
    if secrets["token"] and not re.fullmatch(r"[A-Za-z0-9]{1,32}", secrets["token"]):
        raise BadAccount("the token has at most 32 letters and digits", field="token")
    if secrets["aes_key"]:
        try:
            aes_key(secrets["aes_key"])
        except BadEnvelope as error:
            raise BadAccount(str(error), field="aes_key") from None


def receive(ctx: Ctx, rows: Sequence[InboxRow]) -> int:
    """Store verified callbacks in one statement and wake their lanes; how many were new (repeats are dropped)."""
    if not rows:
        return 0
    lanes = store.put_inbox(ctx, rows)
    for lane in sorted(set(lanes)):  # set-loop: at most two bells
        ring(ctx, f"inbox:{lane}")
    return len(lanes)


def take_inbox(ctx: Ctx, lane: int, limit: int) -> list[InboxMessage]:
    """Take up to ``limit`` messages of a lane, by arrival; they are done when the transaction commits.

    A message that could not be handled must be given to ``fail_inbox`` in the same transaction. Their content is
    forgotten at the commit; only the key against repeats stays.
    """
    rows = store.waiting(ctx, lane, limit, machine())
    if rows:
        store.finish(ctx, [row.dedupe for row in rows])
    return [
        InboxMessage(
            row.inbox_id, row.account_id, row.account_kind, row.lane, row.kind, row.body, row.created_at, row.attempts
        )
        for row in rows
    ]


def fail_inbox(ctx: Ctx, failed: Sequence[tuple[InboxMessage, str]]) -> None:
    """Park messages with their error; each is tried again after 2, 4, 8 ... s of machine time, 6 times in all."""
    if not failed:
        return
    dedupes = store.dedupes_of(ctx, [message.inbox_id for message, _ in failed])
    at = machine()
    store.park(
        ctx,
        [
            (
                dedupes[message.inbox_id],
                dict(message.body),
                store.GAVE_UP if message.attempts + 1 >= ATTEMPTS else store.PARKED,
                at + 2.0 ** (message.attempts + 1),
                error[:2000],
                message.attempts + 1,
            )
            for message, error in failed
        ],
    )


def retry_inbox(ctx: Ctx, inbox_id: int | None = None) -> int:
    """Try one parked message again, or all of them, at once; how many."""
    count = store.retry_now(ctx, inbox_id)
    if inbox_id is not None and not count:
        raise NotFound("no such parked message", field="inbox_id")
    audit.record(ctx, "platforms.retry_inbox", "inbox", inbox_id or "all", count=count)
    ring(ctx, "inbox:0")
    ring(ctx, "inbox:1")
    return count


def drop_inbox(ctx: Ctx, inbox_id: int) -> None:
    """Give a parked message up for good. Raises NotFound."""
    if not store.drop_parked(ctx, inbox_id):
        raise NotFound("no such parked message", field="inbox_id")
    audit.record(ctx, "platforms.drop_inbox", "inbox", inbox_id)


def forget(ctx: Ctx, identities: Sequence[str]) -> int:
    """Delete messages in the inbox that name one of these openids or external_userids (erasure of a person)."""
    return store.drop_naming(ctx, identities)


def day(at: datetime) -> datetime:
    """The beginning of the (UTC) day of ``at``."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def purge(ctx: Ctx, limit: int) -> int:
    """Forget keys of messages received on days more than 7 days ago; how many."""
    return store.purge(ctx, day(ctx.now) - KEEP_KEYS, limit)
