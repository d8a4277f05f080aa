"""Door: staff tasks, their kinds and states, errors."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from siyu.kernel.errors import Conflict, Invalid, NotFound


class TaskKind(StrEnum):
    """What a staff member is asked to do."""

    SECOND_GREETING = "second_greeting"
    QUESTION = "question"
    GREETING = "greeting"
    JOURNEY = "journey"
    BY_HAND = "by_hand"


class TaskState(StrEnum):
    """Where a task stands. ``replied``: done, and the customer wrote back as the staff member saw."""

    OPEN = "open"
    DONE = "done"
    HANDED_BACK = "handed_back"
    REPLIED = "replied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


REPLY_MARKED = "reply_marked"
"""The event by which a staff member says that a customer replied, where Siyu sees no chat (PRODUCT.md, "What counts as
a reply")."""


class TaskWhy(StrEnum):
    """Reasons that screens say in the reader's language; any other reason is shown as it was written."""

    NO_REPLY = "no_reply"
    REPLY_UNKNOWN = "reply_unknown"
    NO_ANSWER = "no_answer"
    BIRTHDAY = "birthday"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class NewTask:
    """What is asked, the same for all people of one call.

    ``title`` empty: screens name the kind. ``why``: a TaskWhy or a text. ``say``: words proposed for the customer.
    ``origin``: who asked, such as ``journey:3`` or ``welcome:2``.
    """

    kind: TaskKind
    why: str
    origin: str
    title: str = ""
    say: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A staff task. ``staff_id`` None: nobody's yet (the customer has no owner). ``detail``: what it is about, such as
    the customer's question; ``note``: what the staff member wrote when they ended it."""

    task_id: int
    customer_id: int
    customer: str | None
    kind: str
    staff_id: int | None
    title: str
    why: str
    detail: str
    say: str
    origin: str
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None
    state: TaskState
    changed_at: datetime
    changed_by: str
    note: str


@dataclass(frozen=True, slots=True)
class Counts:
    """One member's day: ``open`` and due by its end, ``later``, and what was ended since it began."""

    open: int
    overdue: int
    later: int
    done: int
    replied: int
    handed_back: int


class UnknownTask(NotFound):
    """There is no such task, or it is another staff member's."""

    code = "unknown_task"


class TaskClosed(Conflict):
    """The task is already over; ``detail.state`` says how it ended."""

    code = "task_closed"


class BadTask(Invalid):
    """A field of the task is outside its limits."""

    code = "bad_task"


class UnknownMember(Invalid):
    """There is no such active staff member to do the task."""

    code = "unknown_member"
