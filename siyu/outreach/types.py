"""Door: what rooms ask for, what the ledger answers, the policy, this room's errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal

from siyu.kernel.errors import Invalid


class Route(StrEnum):
    """The way a message goes."""

    OA_MASS = "oa_mass"
    OA_CUSTOM = "oa_custom"
    OA_TEMPLATE = "oa_template"
    WEBHOOK = "webhook"


AT_ONCE = 100
"""So many people asked for at one moment are a wave of their own and are not kept until the full hour."""


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """One route that a request may take; a request tries its choices in order.

    ``template``: the platform's template id, for ``oa_template``. ``gather`` (``oa_mass`` only): recipients wait for
    the next multiple of this span in the company's zone (one hour: the next full hour), unless ``at_once`` or more of
    them were asked for at the same moment. A mass send needs 2 people; one alone takes the next choice.
    """

    route: Route
    account_id: int
    template: str | None = None
    gather: timedelta | None = None
    at_once: int = AT_ONCE


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked: ``Origin("journey", journey_id, version, node)``."""

    kind: str
    id: int
    version: int = 0
    node: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What to send: a piece of content, or a text, or (webhook) a JSON body to a URL."""

    content_id: int | None = None
    text: str | None = None
    url: str | None = None
    body: Mapping[str, object] | None = None


Trigger = Literal["message", "menu", "follow", "scan"]
"""What a person does to open a window for customer messages."""


@dataclass(frozen=True, slots=True)
class WindowOpening:
    """A person did something that lets an Official Account send customer messages for a while."""

    customer_id: int
    account_id: int
    trigger: Trigger
    at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """A finish event of the platform about an earlier send; ``platform_id`` is its MsgID.

    ``status`` as the platform wrote it; the four counts only for ``mass``.
    """

    account_id: int
    kind: Literal["template", "mass"]
    platform_id: str
    status: str
    at: datetime
    total: int | None = None
    filtered: int | None = None
    sent: int | None = None
    errors: int | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``most`` messages to one person in a local day or week (Monday first), by ``route`` or (None) overall."""

    route: Route | None
    period: Literal["day", "week"]
    most: int


@dataclass(frozen=True, slots=True)
class WindowRule:
    """How long a trigger opens customer messages, and for how many."""

    trigger: Trigger
    seconds: int
    messages: int


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits of one Official Account (docs/platform.md B.3 and B.4)."""

    mass_month: int = 4
    mass_day: int = 100
    mass_minute: int = 60
    custom_day: int = 500_000
    template_day: int = 100_000


@dataclass(frozen=True, slots=True)
class Policy:
    """The company's rules for sending; the defaults are those of PRODUCT.md N3.

    ``quiet_from`` to ``quiet_to``: local hours without pushes (equal: none); ``quiet_days``: whole days without.
    ``patience``: how long a request without an expiry may be put off.
    """

    quiet_from: time = time(22, 30)
    quiet_to: time = time(7, 0)
    quiet_days: tuple[date, ...] = ()
    caps: tuple[Cap, ...] = (Cap(None, "day", 2), Cap(None, "week", 7))
    windows: tuple[WindowRule, ...] = (
        WindowRule("message", 48 * 3600, 5),
        WindowRule("menu", 60, 3),
        WindowRule("follow", 60, 3),
        WindowRule("scan", 60, 3),
    )
    quotas: Quotas = Quotas()
    patience: timedelta = timedelta(days=7)


class State(StrEnum):
    """Where a request stands. The first four are open, the others final (RECEIVED and FAILED may follow ACCEPTED)."""

    WAITING = "waiting"
    READY = "ready"
    GATHERED = "gathered"
    CLAIMED = "claimed"
    SENT = "sent"
    ACCEPTED = "accepted"
    RECEIVED = "received"
    FAILED = "failed"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class Move:
    """One step of a decision's history: at ``at`` it was put off, rerouted, gathered, claimed or put back, and why."""

    at: datetime
    state: State
    reason: str
    route: Route | None
    account_id: int | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: a request, what was decided and what became of it."""

    request_id: int
    customer_id: int
    key: str
    origin: Origin
    content_id: int | None
    text: str | None
    state: State
    reason: str
    detail: str | None
    route: Route | None
    account_id: int | None
    asked_at: datetime
    due_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    done_at: datetime | None
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class StepCount:
    """How many requests of one step stand in one state for one reason."""

    node: str
    version: int
    state: State
    reason: str
    route: Route | None
    requests: int


@dataclass(frozen=True, slots=True)
class MassSend:
    """One mass send with the platform's counts (None until its finish event came). One person's fate stays
    ``accepted``."""

    batch_id: int
    account_id: int
    origin: Origin
    content_id: int | None
    text: str | None
    claimed_at: datetime
    recipients: int
    state: str
    platform_id: str | None
    status: str | None
    total: int | None
    filtered: int | None
    sent: int | None
    errors: int | None
    finished_at: datetime | None


class BadRequest(Invalid):
    """The request names no route or no message, or a route that cannot carry the message."""

    code = "bad_send_request"


class BadPolicy(Invalid):
    """A value of the policy is out of range."""

    code = "bad_policy"
