"""Fourteen days of a company on a virtual clock: people come by live codes, customer service and a group code, are
greeted, live through stages; five salespeople confirm the day's send tasks and tell who replied; the shop sells."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from rich.console import Console

from siyu.app.demo import company, firm, front, hands, ledger, theatre
from siyu.app.demo.seeding import KEY_NAME, drawn, order
from siyu.app.sandboxed import SandboxWorld
from siyu.kernel.clock import machine
from siyu.kernel.settings import Settings, know
from siyu.platforms.sandbox_control.client import SandboxControl, SandboxRefused
from siyu.runtime import worker
from siyu.runtime.driver import Driver, MovableClock
from siyu.runtime.house import House
from siyu.team import actions as team

START = datetime(2026, 3, 2, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Monday."""
SELLS = (4, 7, 9, 11, 12)
"""Days, from 0, on which the shop sells to whom a demo was shown."""
GRAIN = timedelta(hours=1)
"""What falls into one hour is worked off in one go: salespeople's open tasks are looked at around the clock, and each
stop costs much the same whether two people or twenty did something."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``customers`` come within ``days`` less the last two. ``lose`` and the next: shares of callbacks at fault."""

    customers: int = 240
    days: int = 14
    seed: int = 7
    lose: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    processes: int = 1

    @property
    def lasts(self) -> timedelta:
        """How long it is played."""
        return timedelta(days=self.days)


def play(plan: Plan, conf: Settings, console: Console) -> bool:
    """Play the fortnight in a scratch database and print what came of it; False when one number differs."""
    begun = machine()
    with theatre.opened(conf, console, start=START, lasts=plan.lasts, processes=plan.processes) as at:
        told = run(plan, at.house, at.clock, at.control, at.address, at.progress, at.settle)
    ledger.show(told, console, machine() - begun)
    return told.right


def run(
    plan: Plan,
    house: House,
    clock: MovableClock,
    control: SandboxControl,
    public_url: str,
    progress: Callable[[datetime], None] | None = None,
    settle: Callable[[House], int] | None = None,
) -> ledger.Told:
    """Play the fortnight in a house of its own; also used by the scenario tests with faults and killed workers."""
    know(public_url=public_url)
    control.move_to(clock.now())
    spec = company.Spec(customers=plan.customers, public_url=public_url, seed=plan.seed)
    model = {"chat_rate": 0.12, "click_rate": 0.22, "form_rate": 0.4, "ask_rate": 0.6}
    with house.open() as ctx:
        company.staff(ctx)
        account_id, wecom_id = company.accounts(ctx, control)
        _, key = team.add_key(ctx, KEY_NAME, ["customers.write"])
    company.platform_side(control, spec, account_id, wecom_id)
    control.add_people(seed=plan.seed, grain_s=int(GRAIN.total_seconds()), model=model)
    open_kfid = front.service_account(house, wecom_id)
    driver = Driver(house, clock, SandboxWorld(control), GRAIN, settle=settle or worker.drain)
    driver.run(clock.now() + timedelta(minutes=10))  # the groups are read
    with house.open() as ctx:
        made = firm.furnish(ctx, wecom_id, START.date(), open_kfid)
    driver.run(clock.now() + timedelta(minutes=20))  # the codes come to stand on the platform
    with house.open() as ctx:
        made = firm.start(ctx, made)
        codes = firm.on_platform(ctx, made)
    control.set_faults(lose=plan.lose, duplicate=plan.duplicate, reorder=plan.reorder, seed=plan.seed)
    _arrivals(house, control, plan, codes)
    shop = _Shop(control, spec, key)
    for moment, sells in _days(plan.days):
        driver.run(moment, progress)
        if sells:
            shop.sell(moment)
        else:
            hands.taps(house, control, company.MEMBERS)
    driver.run(START + plan.lasts, progress)
    return ledger.read(house, control, made, codes, START)


def _arrivals(house: House, control: SandboxControl, plan: Plan, codes: dict[str, str]) -> None:
    """Fewer come at weekends, and nobody in the last two days, so that everybody's first days are seen."""
    weights = [1 if (START + timedelta(days=day)).weekday() > 4 else 3 for day in range(plan.days - 2)]
    sums = [0, *accumulate(weights)]
    with house.open() as ctx:
        doors = front.standing(ctx)
    for day in range(plan.days - 2):
        opens = START + timedelta(days=day, hours=1)
        span = {"from": opens, "to": opens + timedelta(hours=12)}
        counts = {}
        for one in (*firm.CODES, *front.DOORS):
            wanted = round(plan.customers * one.share)
            before, after = (wanted * part // sums[-1] for part in sums[day : day + 2])
            counts[one.state] = after - before
        for code in firm.CODES:  # set-loop: three codes
            if counts[code.state]:
                by = {"config_id": codes[code.state], "count": counts[code.state]}
                control.arrivals(key=f"{code.state}-{day}", **by, **span)
        front.arrive(control, doors, counts, str(day), **span)


def _days(days: int) -> Iterator[tuple[datetime, bool]]:
    """When people of the company do something, in order: True is the shop, else the team goes through its tasks."""
    for day in range(days):
        midnight = datetime.combine(START.date() + timedelta(days=day), time(), START.tzinfo)
        for look in hands.LOOKS:
            yield midnight + timedelta(hours=look.hour, minutes=look.minute), False
        if day in SELLS:
            yield midnight + timedelta(hours=20), True


@dataclass(slots=True)
class _Shop:
    """The company's shop; ``sold``: how many orders it had."""

    control: SandboxControl
    spec: company.Spec
    key: str
    sold: int = 0

    def sell(self, at: datetime) -> None:
        """Half of those who booked a demo buy; who bought once may buy again."""
        booked = sorted(set(self.control.acted(act="form")["persons"]))
        orders = []
        for person in booked:
            if drawn(self.spec.seed, person, at.isoformat()) % 4 == 0:
                self.sold += 1
                one = order(self.spec, f"F{self.sold:05d}", at)
                orders.append(one | {"person": person})
        if not orders:
            return
        buyers = [{"person": person} for person in sorted({str(one["person"]) for one in orders})]
        told = self.control.shop(url=self.spec.public_url, key=self.key, buyers=buyers, orders=orders)
        if told["refused"]:
            raise SandboxRefused(str(told["refused"]))
