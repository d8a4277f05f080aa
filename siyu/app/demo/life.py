"""Keeps the demo company alive: every simulated day people come by all doors, ask and are answered, and the shop
sells."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from siyu.app.demo import company, firm, front, hands, seeding
from siyu.app.demo.seeding import Demo, drawn
from siyu.kernel.clock import machine
from siyu.kernel.errors import SiyuError
from siyu.platforms.sandbox_control.client import SandboxControl, SandboxRefused
from siyu.runtime.house import House

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0
STOP_SECONDS = 5.0
"""So long the end waits for what is under way; told again at the next start, it changes nothing."""
OPENS, CLOSES = time(9), time(21)
"""Local hours in which people buy and add somebody in WeCom."""


@contextmanager
def going_on(house: House, control: SandboxControl, spec: company.Spec) -> Iterator[None]:
    """Furnish the company and let it live while the block runs, beside whatever else is done."""
    stopped = threading.Event()
    demo = Demo(house, control, spec, stopped)
    threads = [
        threading.Thread(target=work, args=[demo], name=f"siyu-{work.__name__.strip('_')}", daemon=True)
        for work in (_furnish, _live)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        deadline = machine() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - machine()))


def _furnish(demo: Demo) -> None:
    try:
        seeding.sales_team(demo)
        seeding.furnish(demo)
    except (OSError, SandboxRefused, SiyuError, SQLAlchemyError) as error:
        log.warning("company_not_furnished", error=type(error).__name__, reason=str(error)[:300])


def _live(demo: Demo) -> None:
    days = _Days()
    while not demo.stopped.is_set():
        now = demo.house.clock.now().astimezone(demo.house.zone)
        try:
            days.go_on(demo, now)
        except (OSError, SandboxRefused, SiyuError, SQLAlchemyError) as error:
            log.warning("day_not_lived", day=now.date().isoformat(), error=type(error).__name__)
        demo.stopped.wait(LOOK_SECONDS)


@dataclass(slots=True)
class _Days:
    """Which days are arranged, and which orders the shop has told. Telling either twice changes nothing."""

    arranged: set[str] = field(default_factory=set)
    sold: set[str] = field(default_factory=set)
    chats: hands.Chats = field(default_factory=hands.Chats)

    def go_on(self, demo: Demo, now: datetime) -> None:
        day = now.date().isoformat()
        if day not in self.arranged:
            _arrivals(demo.control, demo.spec, now, day)
            _contacts(demo, now, day)
            self.arranged.add(day)
        if f"scans {day}" not in self.arranged and _scans(demo, now, day):
            self.arranged.add(f"scans {day}")
        self.look(demo, now)
        self.chats.answer(demo.control)
        due = [one for one in _orders(demo.spec, now, day) if one["order_no"] not in self.sold]
        if due and demo.selling.is_set():
            seeding.sell(demo, due)
            self.sold |= {str(one["order_no"]) for one in due}

    def look(self, demo: Demo, now: datetime) -> None:
        """Salespeople go through their tasks three times a day; 李四's desk is for whoever tries the demo."""
        look = f"{now.date()} {sum(at <= now.time() for at in hands.LOOKS)}"
        if look in self.arranged:
            return
        self.arranged.add(look)
        hands.taps(demo.house, demo.control, set(company.MEMBERS) - {"lisi"})


def _scans(demo: Demo, now: datetime, day: str) -> bool:
    """New people come by the live codes and the other doors; False while one of these does not stand on the platform,
    and at the end of a day."""
    opens, closes = _span(now)
    if closes - opens <= timedelta(minutes=10):
        return False
    span = {"from": opens, "to": closes}
    people = demo.spec.customers
    counts = {code.state: max(2, round(people / 12 * code.share)) for code in firm.CODES}
    counts |= {door.state: max(3, people // 30) for door in front.DOORS}
    with demo.house.open() as ctx:
        codes = firm.codes_of(ctx)
        doors = front.standing(ctx)
    front.arrive(demo.control, doors, counts, f"scans-{day}", **span)
    for code in firm.CODES:  # set-loop: three codes
        if code.state in codes:
            by = {"config_id": codes[code.state], "count": counts[code.state]}
            demo.control.arrivals(key=f"scans-{code.state}-{day}", **by, **span)
    return len(codes.keys() & {code.state for code in firm.CODES}) + len(doors) == len(counts)


def _span(now: datetime) -> tuple[datetime, datetime]:
    """What is left of the day's hours in which people do things."""
    start, end = (datetime.combine(now.date(), time(hour), now.tzinfo) for hour in (8, 22))
    return max(now, start), end


def _arrivals(control: SandboxControl, spec: company.Spec, now: datetime, day: str) -> None:
    start, end = _span(now)
    if end - start < timedelta(minutes=10):
        return
    count = max(6, spec.customers // 12)
    matching = count * 7 // 10
    control.arrivals(
        key=f"arrivals-{day}",
        account=company.APPID,
        count=count,
        **{"from": start, "to": end},
        scenes={company.SCENE: matching, "": count - matching},
    )


def _moments(now: datetime, count: int, *what: object) -> Sequence[datetime]:
    """``count`` moments of the day between opening and closing."""
    opens = datetime.combine(now.date(), OPENS, now.tzinfo)
    span = int((datetime.combine(now.date(), CLOSES, now.tzinfo) - opens).total_seconds())
    return [opens + timedelta(seconds=drawn(*what, number) % span) for number in range(count)]


def _contacts(demo: Demo, now: datetime, day: str) -> None:
    """Some followers add a salesperson during the day; who has added one already does nothing new."""
    people = demo.spec.customers + demo.spec.bystanders
    for number, at in enumerate(_moments(now, max(6, people // 50), demo.spec.seed, day, "contact")):
        if at <= now:
            continue
        person = 1 + drawn(demo.spec.seed, day, number, "who") % people
        userid = ("lisi", "zhoumin")[number % 2]
        demo.control.act(person, "add_member", corpid=company.CORPID, userid=userid, state=company.SCENE, at=at)


def _orders(spec: company.Spec, now: datetime, day: str) -> list[dict[str, object]]:
    """The orders of the day up to now."""
    return [
        seeding.order(spec, f"{day.replace('-', '')}-L{number:02d}", at)
        for number, at in enumerate(_moments(now, max(6, spec.contacts // 12), spec.seed, day, "order"))
        if at <= now
    ]
