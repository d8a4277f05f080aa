"""Private: what a look at a send task carries from claim through act to record; how the platform's lists are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from siyu.platforms.types import Call, Outcome, Sender

PAGES = 100
LATER = (45009, 45028, 45011, -105)
"""Codes of the platform's pace and quotas: asked again later, it may say more."""


@dataclass(frozen=True, slots=True)
class Look:
    """A task to look at. Unless it was confirmed: ``withdraw``: it is to be cancelled; ``expired``: because its time is
    over; ``remind``: the sender is to be reminded. ``platform_id``: the msgid of a group send, the jobid of a Moments
    post, whose ``moment_id`` is known when the job is done."""

    task_id: int
    account_id: int
    route: str
    staff: str
    platform_id: str
    moment_id: str | None
    withdraw: bool
    expired: bool
    remind: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What WeCom said: ``asked`` False: nothing. ``posted``: the member posted it, WeCom does not tell when.
    ``results``: (status, time) by external_userid, None when not read. ``refused``: why there will be no post.
    ``kept``: it could not be cancelled, so that it may be confirmed yet. ``lost``: why WeCom will never say."""

    asked: bool = False
    confirmed_at: datetime | None = None
    withdrawn: bool = False
    reminded: bool = False
    results: Mapping[str, tuple[int, datetime | None]] | None = None
    moment_id: str | None = None
    posted: bool = False
    refused: str | None = None
    kept: bool = False
    lost: str | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """The tasks of one look."""

    looks: Sequence[Look] = field(default=())


def unknown(told: Outcome) -> Seen:
    """WeCom did not answer what was asked of a task."""
    final = not (told.retryable or told.uncertain or told.code in LATER)
    return Seen(lost=f"{told.code} {told.message}"[:300] if final else None)


def pages(sender: Sender, call: Call, name: str) -> list[Mapping[str, object]] | None:
    """The rows called ``name`` of all pages of a list; None when one of them could not be read."""
    found: list[Mapping[str, object]] = []
    cursor = ""
    for _ in range(PAGES):
        told = sender.send(replace(call, body={**call.body, "cursor": cursor}) if cursor else call)
        if not told.ok:
            return None
        found += objects(told.data.get(name))
        cursor = str(told.data.get("next_cursor") or "")
        if not cursor:
            return found
    return None


def objects(value: object) -> list[Mapping[str, object]]:
    """The objects in a list of the platform's."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
