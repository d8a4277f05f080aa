"""Story 1 on a virtual clock: the e-book wave, and every count beside what the simulated platform counted."""

import resource
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from siyu.app.demo import company, theatre, truth
from siyu.app.sandboxed import SandboxWorld
from siyu.kernel.clock import machine
from siyu.kernel.settings import Settings, know
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime import worker
from siyu.runtime.driver import Driver, MovableClock
from siyu.runtime.house import House

START = datetime(2026, 3, 2, 8, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
LASTS = timedelta(days=3, hours=14)


@dataclass(frozen=True, slots=True)
class Plan:
    """``customers`` match and follow beforehand, ``late`` follow during the first day (70 % of them match).

    ``leave_rate``: share that unfollows at each message pushed, beside those who are annoyed. ``processes``: how many
    answer HTTP and work. ``oauth``: share of the exchanges in which WeChat does not say who reads.
    """

    customers: int = 1_000
    late: int = 200
    reply_rate: float = 0.2
    form_rate: float = 0.5
    leave_rate: float = 0.001
    seed: int = 7
    lose: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    oauth: float = 0.0
    processes: int = 1


@dataclass(frozen=True, slots=True)
class Played:
    """What a play came to: the rows compared, and its speed."""

    rows: list[truth.Row]
    seconds: float
    figures: truth.Figures

    @property
    def right(self) -> bool:
        """Whether every row agrees."""
        return all(row.right for row in self.rows)


def play(plan: Plan, conf: Settings, console: Console) -> bool:
    """Play story 1 in a scratch database and print the funnel; False when one number differs."""
    with theatre.opened(conf, console, start=START, lasts=LASTS, processes=plan.processes) as at:
        played = run(plan, at.house, at.clock, at.control, at.address, at.progress, at.settle)
    _print(played, console)
    return played.right


def run(
    plan: Plan,
    house: House,
    clock: MovableClock,
    control: SandboxControl,
    public_url: str,
    progress: Callable[[datetime], None] | None = None,
    settle: Callable[[House], int] | None = None,
) -> Played:
    """Play the story in a house of its own; also used by the scenario tests with faults and killed workers."""
    spec = company.Spec(
        customers=plan.customers,
        public_url=public_url,
        seed=plan.seed,
        model=(
            ("reply_rate", plan.reply_rate),
            ("form_rate", plan.form_rate),
            ("leave_rate", plan.leave_rate),
        ),
        grain_s=1_800,
    )
    # Callbacks and acts of half an hour are worked off in one go: about 120 moves, whatever the size.
    grain = timedelta(minutes=30)
    know(public_url=public_url)
    begun = machine()
    control.move_to(clock.now())
    built = company.build(house, control, spec)
    driver = Driver(house, clock, SandboxWorld(control), grain, settle=settle or worker.drain)
    driver.run(clock.now() + timedelta(minutes=10))  # the followers are read in before the journey starts
    company.start_wave(house, built)
    control.set_faults(lose=plan.lose, duplicate=plan.duplicate, reorder=plan.reorder, oauth=plan.oauth, seed=plan.seed)
    since = clock.now()
    if plan.late:
        matching = plan.late * 7 // 10
        control.arrivals(
            key="late",
            account=company.APPID,
            count=plan.late,
            **{"from": START + timedelta(hours=1), "to": START + timedelta(hours=13)},
            scenes={company.SCENE: matching, "": plan.late - matching},
        )
    driver.run(START + LASTS, progress)
    seconds = machine() - begun
    rows = truth.compare(house, control, built, since)
    return Played(rows, seconds, truth.figures(house, control))


def _print(played: Played, console: Console) -> None:
    table = Table(title="电子书波次 / the e-book wave")
    for name in ("步骤 / step", "思域 Siyu", "平台 platform", ""):
        table.add_column(name, justify="right" if name.startswith(("思", "平")) else "left")
    for row in played.rows:
        table.add_row(row.title, f"{row.ours:,}", f"{row.theirs:,}", "✓" if row.right else f"✗ {row.note}")
    console.print(table)
    figures, seconds = played.figures, played.seconds
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    console.print(
        f"{seconds:.1f} s · {figures.events / seconds:,.0f} 事件/s events · "
        f"{figures.steps / seconds:,.0f} 步/s steps · "
        f"{figures.sends / seconds:,.0f} 发送/s sends · {figures.callbacks / seconds:,.0f} 回调/s callbacks"
    )
    console.print(
        f"{figures.events:,} events, {figures.steps:,} steps, {figures.sends:,} sends, "
        f"{figures.callbacks:,} callbacks; "
        f"peak memory {memory:,.0f} MB (Siyu), {children:,.0f} MB (largest child)"
    )
    wrong = [row for row in played.rows if not row.right]
    if wrong:
        console.print(f"{len(wrong):,} 处不一致，见上表标 ✗ 的行 / {len(wrong):,} counts differ: see the rows marked ✗")
        return
    console.print("全部一致，逐人核对过 / every count agrees, person by person")
    console.print("看这里：“后来者”各走各的时间，“收到两次”是 0。make run 在浏览器里看同一段旅程。")
    console.print("Look at the late entrants, each on a clock of their own, and at the 0 in the last row.")
    console.print("`make run` shows the same journey in the browser.")
