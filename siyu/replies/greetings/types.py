"""Door: greetings, their occasions, who is greeted next, errors."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from siyu.kernel.errors import Invalid, NotFound
from siyu.replies.types import GreetingRoute as GreetingRoute
from siyu.replies.types import GreetingWay as GreetingWay
from siyu.replies.types import Json, Said

Calendar = Literal["solar", "lunar", "written_lunar"]
"""How a date is celebrated: by the solar calendar; by the lunar one (of a birthday: the lunar date of the day of
birth); ``written_lunar``, of birthdays only: its month and day as they are written are those of the lunar calendar."""

Festival = Literal[
    "new_year",
    "spring_eve",
    "spring",
    "lantern",
    "womens_day",
    "qingming",
    "labour_day",
    "dragon_boat",
    "childrens_day",
    "qixi",
    "teachers_day",
    "mid_autumn",
    "national_day",
    "double_ninth",
    "laba",
]
"""Festivals that are known by name."""


@dataclass(frozen=True, slots=True)
class Birthday:
    """Everybody's own day: the anniversary of the date ``attribute``. ``lunar_if``: an attribute of yes and no; whom it
    says yes of is celebrated by ``calendar``, everybody else by the solar one."""

    attribute: str = "birthday"
    calendar: Calendar = "solar"
    lunar_if: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A festival."""

    festival: Festival


@dataclass(frozen=True, slots=True)
class Yearly:
    """A date of the company's own, each year; of the lunar calendar when ``lunar``."""

    month: int
    day: int
    lunar: bool = False


Occasion = Birthday | Named | Yearly


@dataclass(frozen=True, slots=True)
class NewGreeting:
    """A greeting as somebody writes it: said at the local hour ``at`` by the first of ``ways`` that can, or, without
    any, as a task of each customer's owner."""

    name: str
    occasion: Occasion
    said: Said
    at: time
    ways: tuple[GreetingWay, ...] = ()
    condition: Json | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Greeting:
    """A stored greeting. ``next_at``: when it is asked for next, for ``next_day`` (None: it is off)."""

    greeting_id: int
    new: NewGreeting
    next_day: date | None
    next_at: datetime | None
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Coming:
    """Whom a greeting is for on a day: how many as it stands now, and the first of them (customer_id, name)."""

    greeting_id: int
    name: str
    day: date
    at: datetime
    people: int
    first: tuple[tuple[int, str | None], ...]


class BadGreeting(Invalid):
    """A field of a greeting is outside its limits; ``field`` names it."""

    code = "bad_greeting"


class UnknownGreeting(NotFound):
    """There is no such greeting."""

    code = "unknown_greeting"
