"""What people do about what reaches them: a message, a follow, a page."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist
from typing import Literal

import numpy as np

from people.draw import table, units
from people.habits import HOUR_MS, Habits, Model, habits, spread_of, topic_of

DAY_MS = 24 * HOUR_MS
_NORMAL = NormalDist()
_QUOTED = re.compile(
    r"(?:回复|发送|输入)(?:关键词|口令)?\s*[：:]?\s*[“\"「『【\[《‘'](?P<q>[^”\"」』】\]》’'\n]{1,20})[”\"」』】\]》’']"
)
_BARE = re.compile(r"(?:回复|发送)(?:关键词|口令)?\s*[：:]?\s*(?P<b>[A-Za-z0-9]{1,10})")
_LINK = re.compile(r"https?://[^\s<>\"'“”，。；）)】」]+")
OPT_OUT_WORDS = frozenset({"TD", "T", "退订", "取消推送"})

Route = Literal["mass", "custom", "template", "welcome", "push", "member", "feed"]
CHAT = frozenset({"welcome", "member"})
"""Routes by which a member of staff speaks: people may answer in their own words."""
WORDS = (
    "好的，谢谢", "在吗？想了解一下", "收到", "这个多少钱？", "你好，想咨询一下", "有没有详细资料？", "先看看",
    "什么时候方便聊聊？",
)  # fmt: skip

QUESTIONS = (
    "多少钱一年？", "可以先试用吗", "发票能开专票吗？", "你们在哪个城市", "周末有人在吗", "能和我们的 CRM 对接吗",
    "数据能放在自己的服务器上吗", "有没有餐饮行业的案例",
)  # fmt: skip
"""What people ask in customer service."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a person sees it. `key` is unique per message sent (it seeds the draws); `answer` = it answers what
    the person just asked for, so it counts for nobody's annoyance and is opened eagerly."""

    key: str
    route: Route
    text: str
    title: str = ""
    url: str = ""
    answer: bool = False


@dataclass(frozen=True, slots=True)
class Reaction:
    """One thing a person does at `due_ms` (Unix milliseconds)."""

    person: int
    kind: Literal["reply", "open", "leave", "menu"]
    due_ms: int
    text: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Cta:
    """A call to action on a page: label as in data-cta, absolute url."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page as a person sees it; `key` names the visit, `pages` how many pages there are to turn."""

    key: str
    pages: int = 0
    form: bool = False
    ctas: tuple[Cta, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Browse:
    """What a person does on a page: reads (page number from 1, milliseconds), then at `due_ms` fills the form, follows
    `url`, or goes.
    """

    reads: tuple[tuple[int, int], ...]
    then: Literal["fill", "follow", "leave"]
    due_ms: int
    url: str = ""


@lru_cache(1024)
def asked(text: str) -> str:
    """The keyword that a text asks for, or "": 回复"电子书", 回复【资料】, 回复1. Opt-out words do not count."""
    for pattern, group in ((_QUOTED, "q"), (_BARE, "b")):
        for match in pattern.finditer(text):
            word = match[group].strip()
            if word and word.upper() not in OPT_OUT_WORDS:
                return word
    return ""


def links(text: str) -> list[str]:
    """The http(s) links in a text, in order."""
    return _LINK.findall(text)


def _opt_out(text: str) -> str:
    for word in ("退订", "取消推送"):
        if word in text:
            return "TD" if re.search(r"TD", text) else word
    return ""


def delay_ms(model: Model, median_minutes: float, u: float) -> int:
    """Log-normal delay in ms by quantile u, truncated at the model's `within_hours`."""
    cap = _NORMAL.cdf(math.log(model.within_hours * 60.0 / median_minutes) / model.delay_sigma)
    z = _NORMAL.inv_cdf(min(max(u * cap, 1e-9), 1 - 1e-9))
    return int(median_minutes * 60_000.0 * math.exp(model.delay_sigma * z))


def moment(model: Model, who: Habits, at_ms: int, delay: int, u: float) -> int:
    """When a person acts who wants to act `delay` ms after `at_ms`: in waking hours, within the model's `within_hours`.

    Asleep by then: soon after waking, if that is still within; else before going to sleep (a person who would
    miss the day answers today).
    """
    latest = at_ms + int(model.within_hours * HOUR_MS)
    due = at_ms + delay
    offset = int(model.utc_offset_hours * HOUR_MS)
    wake, sleep = int(who.wake * HOUR_MS), int(who.sleep * HOUR_MS)

    def day_start(t: int) -> int:
        return (t + offset) // DAY_MS * DAY_MS - offset

    def bedtime(t: int) -> int | None:
        for start in (day_start(t) - DAY_MS, day_start(t)):
            if start + wake <= t < start + sleep:
                return start + sleep
        return None

    if bedtime(due) is not None:
        return due
    up = day_start(due) + wake
    if up <= due:
        up += DAY_MS
    if up <= latest:
        return min(up + int(u * 40 * 60_000), latest)
    bed = bedtime(at_ms)
    if bed is not None:
        return at_ms + int((bed - at_ms) * max(u, 0.02))
    return up + int(u * 40 * 60_000)


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a message offers, worked out once for all its receivers."""

    keyword: str
    url: str
    topic: str
    opt_out: str


def _offer(model: Model, message: Message) -> _Offer:
    whole = f"{message.title}\n{message.text}"
    found = [message.url] if message.url else links(message.text)
    topic = topic_of(model, whole) if model.topics else ""
    return _Offer(asked(whole), found[0] if found else "", topic, _opt_out(whole))


def _rates(who: Habits | Model, message: Message, offer: _Offer) -> tuple[float, float]:
    """(reply, click) probabilities of this message for one person, or for the model's average person."""
    if offer.keyword:
        reply = who.template_reply_rate if message.route == "template" else who.reply_rate
    else:
        reply = who.chat_rate if message.route in CHAT else 0.0
    if not offer.url:
        click = 0.0
    elif message.answer:
        click = who.answer_click_rate
    elif message.route == "template":
        click = who.template_click_rate
    elif message.route in ("mass", "feed"):
        click = who.mass_click_rate
    else:
        click = who.click_rate
    return reply, click


def _leave_rate(model: Model, message: Message, patience: float, heat: float) -> float:
    if message.answer or message.route == "feed":
        return 0.0
    return min(1.0, model.leave_rate + model.annoyed_leave_rate * max(0.0, heat - patience))


def _one(
    model: Model, who: Habits, u: Sequence[float], message: Message, offer: _Offer, at_ms: int, heat: float
) -> list[Reaction]:
    person = who.person
    if u[2] < _leave_rate(model, message, who.patience, heat):
        return [Reaction(person, "leave", moment(model, who, at_ms, 60_000 + int(u[7] * 1_800_000), u[6]))]
    made: list[Reaction] = []
    if offer.opt_out and not message.answer and u[5] < model.optout_rate:
        due = moment(model, who, at_ms, delay_ms(model, model.reply_minutes, u[3]), u[6])
        return [Reaction(person, "reply", due, text=offer.opt_out)]
    reply, click = _rates(who, message, offer)
    if u[0] < reply:
        due = moment(model, who, at_ms, delay_ms(model, model.reply_minutes, u[3]), u[6])
        made.append(Reaction(person, "reply", due, text=offer.keyword or WORDS[int(u[5] * len(WORDS))]))
    if u[1] < click:
        if message.answer:
            due = at_ms + delay_ms(model, model.answer_minutes, u[4])
        else:
            due = moment(model, who, at_ms, delay_ms(model, model.reply_minutes, u[4]), u[7])
        made.append(Reaction(person, "open", due, url=offer.url))
    return made


def react(
    model: Model,
    seed: int,
    person: int,
    message: Message,
    at_ms: int,
    heat: float = 0.0,
    changes: Mapping[str, float] | None = None,
) -> list[Reaction]:
    """One person's reactions to one message received at `at_ms`; `heat` = pushed messages in the past 7 days, this one
    included.
    """
    offer = _offer(model, message)
    who = habits(model, seed, person, offer.topic, changes)
    return _one(model, who, units(seed, person, message.key), message, offer, at_ms, heat)


def _may(model: Model, u: Sequence[float], message: Message, offer: _Offer, heat: float) -> bool:
    """The bound of `receive` for one person: False only for who cannot react, whatever the habits."""
    reply, click = _rates(model, message, offer)
    leave = (
        0.0 if message.answer else model.leave_rate + model.annoyed_leave_rate * max(0.0, heat - 0.5 * model.tolerance)
    )
    return (
        u[0] < reply * (1.0 + spread_of(reply, model.spread))
        or u[1] < click * (1.0 + spread_of(click, model.spread))
        or u[2] < leave
        or bool(offer.opt_out and u[5] < model.optout_rate)
    )


def receive(
    model: Model,
    seed: int,
    persons: Sequence[int],
    message: Message,
    at_ms: int,
    heat: Sequence[float] | None = None,
    changes: Mapping[int, Mapping[str, float]] | None = None,
) -> list[Reaction]:
    """`react` for many persons at once, in the order of `persons`.

    A vectorised bound picks the persons who may react at all; only those are decided one by one (measured: 100,000
    persons in under a second on one core at the default rates, against 3 s one by one).
    """
    if not len(persons):
        return []
    offer = _offer(model, message)
    if len(persons) == 1:
        # Arrays for one person cost 60 microseconds; messages to single persons are most of them.
        person, own_one = persons[0], (changes or {}).get(persons[0])
        draws, felt = units(seed, person, message.key), float(heat[0]) if heat is not None else 0.0
        if own_one is None and not _may(model, draws, message, offer, felt):
            return []
        return _one(model, habits(model, seed, person, offer.topic, own_one), draws, message, offer, at_ms, felt)
    u = table(seed, persons, message.key)
    warmth = np.zeros(len(persons)) if heat is None else np.asarray(heat, dtype=np.float64)
    reply, click = _rates(model, message, offer)
    top = [rate * (1.0 + spread_of(rate, model.spread)) for rate in (reply, click)]
    bound = (
        np.zeros(len(persons))
        if message.answer
        else model.leave_rate + model.annoyed_leave_rate * np.maximum(0.0, warmth - 0.5 * model.tolerance)
    )
    may = (u[:, 0] < top[0]) | (u[:, 1] < top[1]) | (u[:, 2] < bound)
    if offer.opt_out:
        may |= u[:, 5] < model.optout_rate
    own = changes or {}
    if own:
        may |= np.fromiter((p in own for p in persons), dtype=bool, count=len(persons))
    made: list[Reaction] = []
    for i in np.flatnonzero(may).tolist():
        who = habits(model, seed, persons[i], offer.topic, own.get(persons[i]))
        made += _one(model, who, u[i].tolist(), message, offer, at_ms, float(warmth[i]))
    return made


def followed(
    model: Model,
    seed: int,
    person: int,
    key: str,
    menu: Sequence[str],
    at_ms: int,
    changes: Mapping[str, float] | None = None,
) -> list[Reaction]:
    """What a new follower does unasked: perhaps taps one of the menu's keys."""
    u = units(seed, person, f"follow:{key}")
    if not menu or u[0] >= habits(model, seed, person, "", changes).menu_rate:
        return []
    return [Reaction(person, "menu", at_ms + 5_000 + int(u[1] * 240_000), text=menu[int(u[2] * len(menu))])]


def entered(
    model: Model, seed: int, person: int, key: str, at_ms: int, changes: Mapping[str, float] | None = None
) -> list[Reaction]:
    """What somebody does who entered customer service: perhaps asks something, within five minutes."""
    u = units(seed, person, f"enter:{key}")
    if u[0] >= habits(model, seed, person, "", changes).ask_rate:
        return []
    text = QUESTIONS[int(u[2] * len(QUESTIONS))]
    return [Reaction(person, "reply", at_ms + 20_000 + int(u[1] * 280_000), text=text)]


def browse(
    model: Model, seed: int, person: int, page: Page, at_ms: int, changes: Mapping[str, float] | None = None
) -> Browse:
    """What a person does on a page opened at `at_ms`: pages read with their times, then fill, follow one link, or
    leave.
    """
    who = habits(model, seed, person, "", changes)
    u = units(seed, person, f"page:{page.key}")
    reads: list[tuple[int, int]] = []
    for k in range(1, max(page.pages, 1) + 1):
        v = units(seed, person, f"page:{page.key}:{k}")
        pace = math.exp(0.5 * _NORMAL.inv_cdf(min(max(v[0], 1e-9), 1 - 1e-9)))
        reads.append((k, int(min(max(model.page_seconds * who.speed * pace, 1.0), 300.0) * 1000)))
        if v[1] >= who.read_on:
            break
    due = at_ms + sum(ms for _, ms in reads)
    if page.form and u[0] < who.form_rate:
        return Browse(tuple(reads), "fill", due + 15_000 + int(u[1] * 60_000))
    for i, cta in enumerate(page.ctas):
        rate = who.join_rate if cta.label == "group" else who.cta_rate
        if u[2 + i % 6] < rate and not (page.form and cta.label == "form"):
            return Browse(tuple(reads), "follow", due + 2_000, cta.url)
    return Browse(tuple(reads), "leave", due)
