"""Files that accounts have uploaded, temporary and permanent ones."""

from __future__ import annotations

from sandbox.api import Call
from sandbox.errors import Refused
from sandbox.world import World, token_text

DAY_MS = 86_400_000


def keep(call: Call, kind: str, name: str, body: bytes, permanent: bool) -> str:
    """Stores a file of the calling account, for good or for 3 days; returns its media_id."""
    media_id = token_text("media", call.account, kind, call.world.counter("media"), call.at, size=43)
    call.world.db.run(
        "insert into media (account, media_id, kind, name, permanent, created, expires, body) values (?, ?, ?, "
        "?, ?, ?, ?, ?)",
        call.account, media_id, kind, name, int(permanent), call.at,
        call.at + (3 * DAY_MS if not permanent else 10**13), body,
    )  # fmt: skip
    return media_id


def media(world: World, account: str, media_id: object, kinds: tuple[str, ...], now: int) -> bytes:
    """The file of a media_id that is there, of one of the kinds, and not expired; refuses with 40007."""
    row = world.db.one("select * from media where account = ? and media_id = ?", account, str(media_id or ""))
    if row is None or row["kind"] not in kinds or row["expires"] <= now:
        raise Refused(40007)
    return bytes(row["body"])
