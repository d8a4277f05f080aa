"""Private: what one batch of sends carries from claim through act to record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from siyu.content.types import Outgoing
from siyu.platforms.types import Outcome

LEASE = 120.0
"""Machine seconds that a batch belongs to its worker. Sends start only in its first half, so that none outlives it."""


@dataclass(frozen=True, slots=True)
class Way:
    """What one choice of one message sends: content's part, or a webhook's url and body. ``cover``: bytes and file
    number of the picture that a draft or a Moments post needs; ``thumb`` when the account has it already."""

    route: str
    account_id: int
    outgoing: Outgoing | None = None
    url: str = ""
    payload: Mapping[str, object] | None = None
    cover: bytes = b""
    cover_file: int = 0
    thumb: str | None = None


class Send(NamedTuple):
    """One person's send; ``way`` is the index in ``Work.ways``, ``address`` an openid, a welcome code, an
    external_userid, or open_kfid and external_userid; ``key`` makes the call idempotent where the platform can."""

    customer_id: int
    request_id: int
    way: int
    address: str
    fields: Mapping[str, object]
    key: str


@dataclass(frozen=True, slots=True)
class Work:
    """One claimed batch. ``people``: each send is a call; ``mass``: all are recipients of one call under ``key``;
    ``task``: each way is one call with its recipients, a send task of ``staff``.

    ``again``: an earlier call under these keys may have been carried out. ``attempts``: how often the batch had been
    taken up; another number in its row means that it belongs to another worker now.
    """

    batch_id: int
    kind: Literal["people", "mass", "task"]
    key: str
    start_before: float
    ways: Sequence[Way] = ()
    sends: Sequence[Send] = ()
    again: bool = False
    attempts: int = 1
    staff: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """``outcomes`` in the order of the sends (None: not begun in time); for a mass send the one outcome of the call.

    ``media_id``: the cover that was uploaded on the way, to be kept for the account.
    """

    outcomes: Sequence[Outcome | None]
    media_id: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What record writes of one request. ``state`` None: the next choice, or not sent when there is none.

    ``free``: seen-set, tally, window and quota are given back. ``refuse``: what the platform said about the person.
    ``at``: when it ended, if not now.
    """

    request_id: int
    state: str | None
    reason: str
    detail: str | None = None
    due_at: datetime | None = None
    platform_id: str | None = None
    free: bool = True
    refuse: bool = False
    again: bool = False
    at: datetime | None = None
