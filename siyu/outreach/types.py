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
    WECOM_WELCOME = "wecom_welcome"
    KF_WELCOME = "kf_welcome"
    WECOM_GROUP_SEND = "wecom_group_send"
    MOMENTS = "moments"
    KF = "kf"
    WEBHOOK = "webhook"


WELCOMES = (Route.WECOM_WELCOME, Route.KF_WELCOME)
"""The routes that greet by a code that came with the event which the request answers, once and within 20 seconds."""
TASK_ROUTES = (Route.WECOM_GROUP_SEND, Route.MOMENTS)
"""The routes that go as tasks which a salesperson confirms, in rounds of day parts."""


class DayPart(StrEnum):
    """The part of a day in which a salesperson is asked to confirm; its hour stands in the policy."""

    MORNING = "morning"
    NOON = "noon"
    AFTER_WORK = "after_work"
    EVENING = "evening"
    WEEKEND_MORNING = "weekend_morning"


AT_ONCE = 100
"""So many people asked for at one moment are a wave of their own and are not kept until the full hour."""


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """One route that a request may take; a request tries its choices in order.

    ``wecom_welcome`` and ``kf_welcome`` take the code of the ``contact_added`` or ``kf_entered`` event answered.
    ``template``: the platform's template id, for ``oa_template``. ``gather`` (``oa_mass`` only): recipients wait for
    the next multiple of this span in the company's zone (one hour: the next full hour), unless ``at_once`` or more of
    them were asked for at the same moment. A mass send needs 2 people; one alone takes the next choice.

    ``wecom_group_send`` goes as a send task through ``sender`` (a userid; by default the owner, else whom the person
    added last) in the next round of ``part`` (None: of any). Ask with ``wanted_at`` at the start of the day rather than
    at the hour: the round is handed over earlier by as much as the sender confirms late.

    ``moments`` goes the same way as a Moments post of ``sender``: everybody who is the sender's customer may see it,
    whoever was asked for, so the same content is posted by one sender once.

    ``kf`` goes into the chat in which the person wrote last, through the corp's first app, which fetches its messages.
    """

    route: Route
    account_id: int
    template: str | None = None
    gather: timedelta | None = None
    at_once: int = AT_ONCE
    part: DayPart | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked: ``Origin("journey", journey_id, version, node)``."""

    kind: str
    id: int
    version: int = 0
    node: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A piece of content, or a text (``again``: that may come more than once), or (webhook) a JSON body to a URL."""

    content_id: int | None = None
    text: str | None = None
    url: str | None = None
    body: Mapping[str, object] | None = None
    again: bool = False


Holidays = Literal["send", "hold"]
"""What the policy does on China's public holidays: send as on other days, or hold until the day after."""

Trigger = Literal["message", "menu", "follow", "scan", "kf"]
"""What a person does to open a window for messages of an Official Account, or (kf) of WeChat customer service."""


@dataclass(frozen=True, slots=True)
class WindowOpening:
    """A person did what lets an account send messages for a while. ``place`` (kf): the open_kfid of the chat."""

    customer_id: int
    account_id: int
    trigger: Trigger
    at: datetime
    place: str = ""


UNKNOWN = "unknown"
"""The status of a mass send whose fate the platform does not tell."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform tells later about an earlier send; ``platform_id`` is its MsgID.

    ``status`` as the platform wrote it (``kf``: the fail_type); the four counts only for ``mass``."""

    account_id: int
    kind: Literal["template", "mass", "kf"]
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
    """How long a trigger opens messages, and for how many."""

    trigger: Trigger
    seconds: int
    messages: int


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits of one account (docs/platform.md B.3 and B.4; of Moments tasks A.5.7)."""

    mass_month: int = 4
    mass_day: int = 100
    mass_minute: int = 60
    custom_day: int = 500_000
    template_day: int = 100_000
    moments_month: int = 100_000
    moments_minute: int = 10


Broadcast = Literal["daily", "weekly7", "monthly_days", "monthly4"]
"""How many group sends a customer may get, as WeCom's console says (docs/platform.md A.10): 1 a day, 7 a week, as many
a month as it has days, 4 a month."""


@dataclass(frozen=True, slots=True)
class Round:
    """The local hour of a day part. In a morning of Saturday or Sunday that of ``weekend_morning`` holds."""

    part: DayPart
    at: time


@dataclass(frozen=True, slots=True)
class TaskRules:
    """Send tasks (N5). Per sender and day at most ``rounds_day`` rounds and ``tasks_day`` tasks.

    ``task_seconds``: what confirming one takes. ``tolerance``: by so much a piece may be late for a common round.
    ``expiry``: after so long an unconfirmed task is withdrawn, and its people take their next choice (``reroute``) or
    are not sent to (``drop``). ``remind_after``: before the first and between further reminders, at most
    ``reminders`` a task (WeCom: 3 in 24 hours). ``lead``: by so much at most a round is handed over before its hour to
    senders who confirm late. ``posts_day``, ``posts_month``: Moments posts of one sender, all of which each of the
    sender's customers may see; WeCom tells no limit (docs/platform.md A.10)."""

    rounds: tuple[Round, ...] = (
        Round(DayPart.MORNING, time(9, 0)),
        Round(DayPart.NOON, time(12, 0)),
        Round(DayPart.AFTER_WORK, time(18, 30)),
        Round(DayPart.EVENING, time(20, 30)),
        Round(DayPart.WEEKEND_MORNING, time(10, 0)),
    )
    rounds_day: int = 3
    tasks_day: int = 20
    task_seconds: int = 30
    tolerance: timedelta = timedelta(hours=4)
    expiry: timedelta = timedelta(hours=24)
    unconfirmed: Literal["reroute", "drop"] = "reroute"
    remind_after: timedelta = timedelta(hours=2)
    reminders: int = 2
    lead: timedelta = timedelta(hours=1)
    posts_day: int = 3
    posts_month: int = 31


@dataclass(frozen=True, slots=True)
class Policy:
    """The company's rules for sending; the defaults are those of PRODUCT.md N3.

    ``quiet_from`` to ``quiet_to``: local hours without pushes (equal: none); ``quiet_days``: whole days without.
    ``holidays``: whether the days off of public holidays are such days too, as far as they are announced
    (``siyu.kernel.calendar``). ``patience``: how long a request without an expiry may be put off; days without pushes
    do not count."""

    quiet_from: time = time(22, 30)
    quiet_to: time = time(7, 0)
    quiet_days: tuple[date, ...] = ()
    holidays: Holidays = "send"
    caps: tuple[Cap, ...] = (Cap(None, "day", 2), Cap(None, "week", 7), Cap(Route.WECOM_GROUP_SEND, "day", 1))
    windows: tuple[WindowRule, ...] = (
        WindowRule("message", 48 * 3600, 5),
        WindowRule("menu", 60, 3),
        WindowRule("follow", 60, 3),
        WindowRule("scan", 60, 3),
        WindowRule("kf", 48 * 3600, 5),
    )
    quotas: Quotas = Quotas()
    patience: timedelta = timedelta(days=7)
    broadcast: Broadcast = "monthly_days"
    tasks: TaskRules = TaskRules()


class State(StrEnum):
    """Where a request stands. The first six are open, the others final (RECEIVED and FAILED may follow ACCEPTED, FAILED
    SENT by customer service). PLANNED waits for a round of send tasks, HANDED in WeCom's assistant for the salesperson.
    """

    WAITING = "waiting"
    READY = "ready"
    GATHERED = "gathered"
    PLANNED = "planned"
    CLAIMED = "claimed"
    HANDED = "handed"
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
class StepSend:
    """A request of a StepCount. ``at``: when it went out, or was decided so; ``until``: when it is looked at next."""

    request_id: int
    customer_id: int
    detail: str | None
    asked_at: datetime
    at: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class MassSend:
    """One mass send; the platform's counts are None until its finish event. One person's fate stays ``accepted``."""

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


class TaskState(StrEnum):
    """Where a send task stands. PLANNED is no row yet; the last five are ends.

    HANDING: WeCom is being told. OPEN: unconfirmed in the assistant. CONFIRMED: results come in. DONE: of everybody it
    is known what became of it. FAILED: WeCom refused it. UNKNOWN: nobody can say what became of it."""

    PLANNED = "planned"
    HANDING = "handing"
    OPEN = "open"
    CONFIRMED = "confirmed"
    DONE = "done"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SendTask:
    """One body with its recipients, confirmed by one staff member. ``task_id`` None: planned, ``at`` is its round.

    ``key``: by which its people are asked for. ``at``: when it was, or will be, handed over. ``received``, ``failed``
    (certainly not reached by it), ``unknown``: how many of the ``recipients``."""

    task_id: int | None
    key: str
    staff: str
    route: Route
    part: DayPart
    state: TaskState
    origin: Origin
    content_id: int | None
    text: str | None
    recipients: int
    received: int
    failed: int
    unknown: int
    at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    reminders: int
    seconds: int


@dataclass(frozen=True, slots=True)
class SendDay:
    """One staff member's send tasks of a day, in the order in which they come, with what of earlier days still stands
    in the assistant. ``delay_s``: how late the member confirms as a rule, in seconds (None: not known yet).
    ``moved``: planned people who have no place in this day."""

    staff: str
    day: date
    tasks: tuple[SendTask, ...]
    delay_s: int | None
    moved: int


class BadRequest(Invalid):
    """The request names no route or no message, or a route that cannot carry the message."""

    code = "bad_send_request"


class BadPolicy(Invalid):
    """A value of the policy is out of range."""

    code = "bad_policy"
