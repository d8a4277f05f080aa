"""What people are like: the model's rates, and one person's habits derived from them by hash."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from people.draw import unit, units

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Model:
    """The population's rates (probabilities per stimulus unless said otherwise); docs/people.md explains each.

    `spread` s makes persons differ: a person's rate is the population's times a factor uniform in [1 - s, 1 + s],
    with s cut so that no rate passes 1; so the population's mean is the rate given here.
    """

    reply_rate: float = 0.2
    template_reply_rate: float = 0.08
    chat_rate: float = 0.1
    mass_click_rate: float = 0.05
    click_rate: float = 0.35
    answer_click_rate: float = 0.95
    template_click_rate: float = 0.25
    like_rate: float = 0.03
    comment_rate: float = 0.005
    form_rate: float = 0.53
    cta_rate: float = 0.9
    join_rate: float = 0.7
    menu_rate: float = 0.0
    ask_rate: float = 0.0
    optout_rate: float = 0.002
    leave_rate: float = 0.001
    annoyed_leave_rate: float = 0.1
    tolerance: float = 6.0  # messages within 7 days that the average person bears
    spread: float = 0.6
    reply_minutes: float = 45.0  # median delay of a reply or of a click on something not asked for
    answer_minutes: float = 3.0  # median delay of a click on what was asked for
    delay_sigma: float = 1.1
    within_hours: float = 11.5  # nobody reacts to a message later than this
    page_seconds: float = 20.0  # median time on one page
    read_on: float = 0.75  # chance of turning to the next page
    wake_hours: tuple[float, float] = (6.5, 9.5)
    sleep_hours: tuple[float, float] = (21.5, 24.5)
    utc_offset_hours: float = 8.0
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # topic -> words that betray it in a text

    def __post_init__(self) -> None:
        for name in RATES:
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} must lie in [0, 1], not {value}")
        for name in ("reply_minutes", "answer_minutes", "delay_sigma", "within_hours", "page_seconds", "tolerance"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive")


RATES = (
    "reply_rate", "template_reply_rate", "chat_rate", "like_rate", "comment_rate", "mass_click_rate", "click_rate",
    "answer_click_rate", "template_click_rate", "form_rate", "cta_rate", "join_rate", "menu_rate", "ask_rate",
    "optout_rate", "leave_rate", "annoyed_leave_rate", "spread", "read_on",
)  # fmt: skip


def model_from(base: Model, changes: Mapping[str, object]) -> Model:
    """`base` with some fields replaced (from JSON: lists become tuples). Unknown names or bad values: ValueError."""
    known = {f.name: f for f in dataclasses.fields(Model)}
    values: dict[str, object] = {}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"unknown model parameter {name}")
        if name == "topics":
            if not isinstance(value, Mapping):
                raise ValueError("topics must map a topic to its words")
            values[name] = {str(k): tuple(str(w) for w in v) for k, v in value.items()}
        elif name in ("wake_hours", "sleep_hours"):
            if not isinstance(value, list | tuple) or len(value) != 2:
                raise ValueError(f"{name} must be two hours")
            values[name] = (float(value[0]), float(value[1]))
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} must be a number")
        else:
            values[name] = float(value)
    return dataclasses.replace(base, **values)  # type: ignore[arg-type]  # checked against the fields above


@dataclass(frozen=True, slots=True)
class Habits:
    """One person: own rates, waking hours (local, sleep may pass 24), reading speed and patience (messages a week)."""

    person: int
    wake: float
    sleep: float
    reply_rate: float
    template_reply_rate: float
    chat_rate: float
    mass_click_rate: float
    click_rate: float
    answer_click_rate: float
    template_click_rate: float
    form_rate: float
    cta_rate: float
    join_rate: float
    menu_rate: float
    ask_rate: float
    speed: float
    read_on: float
    patience: float


def spread_of(rate: float, spread: float) -> float:
    """The spread that keeps rate * (1 + spread) at most 1."""
    return min(spread, 1.0 / rate - 1.0) if rate > 0.0 else 0.0


def personal(rate: float, spread: float, u: float) -> float:
    """A person's rate from the population's, u uniform in [0, 1); the mean over persons is `rate`."""
    return rate * (1.0 + spread_of(rate, spread) * (2.0 * u - 1.0))


def topic_of(model: Model, text: str) -> str:
    """The first topic whose words occur in the text, or ""."""
    for topic, words in model.topics.items():
        if topic in text or any(word in text for word in words):
            return topic
    return ""


def habits(model: Model, seed: int, person: int, topic: str = "", changes: Mapping[str, float] | None = None) -> Habits:
    """A person's habits; with a topic, replies and clicks follow the person's interest in it. `changes` replaces
    fields.
    """
    u = units(seed, person, "habits")
    interest = unit(seed, person, "topic", topic) if topic else u[2]
    s = model.spread
    made = Habits(
        person=person,
        wake=model.wake_hours[0] + u[0] * (model.wake_hours[1] - model.wake_hours[0]),
        sleep=model.sleep_hours[0] + u[1] * (model.sleep_hours[1] - model.sleep_hours[0]),
        reply_rate=personal(model.reply_rate, s, interest),
        template_reply_rate=personal(model.template_reply_rate, s, interest),
        chat_rate=personal(model.chat_rate, s, interest),
        mass_click_rate=personal(model.mass_click_rate, s, interest),
        click_rate=personal(model.click_rate, s, interest),
        answer_click_rate=personal(model.answer_click_rate, s, u[3]),
        template_click_rate=personal(model.template_click_rate, s, interest),
        form_rate=personal(model.form_rate, s, u[4]),
        cta_rate=personal(model.cta_rate, s, u[5]),
        join_rate=personal(model.join_rate, s, u[5]),
        menu_rate=personal(model.menu_rate, s, u[2]),
        ask_rate=personal(model.ask_rate, s, u[2]),
        speed=0.5 + u[6],
        read_on=personal(model.read_on, s, u[7]),
        patience=model.tolerance * (0.5 + u[5]),
    )
    if not changes:
        return made
    unknown = set(changes) - {f.name for f in dataclasses.fields(Habits)} | ({"person"} & set(changes))
    if unknown:
        raise ValueError(f"unknown habit {min(unknown)}")
    return dataclasses.replace(made, **{k: float(v) for k, v in changes.items()})  # type: ignore[arg-type]  # names checked above
