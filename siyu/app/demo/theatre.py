"""Where a headless demo plays: a database, sandbox and house of its own, on a virtual clock, under a progress bar."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from migrations.schema import upgrade
from siyu.app.sandboxed import sandbox_process
from siyu.app.server import beside, listening, serving
from siyu.app.wiring import house_at, scratch_database
from siyu.kernel.db import engine_for
from siyu.kernel.postgres import EmbeddedServer
from siyu.kernel.settings import Settings, know
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime.house import DriverClock, House


@dataclass(frozen=True, slots=True)
class Theatre:
    """What a play needs. ``progress`` shows how far it is; ``settle`` works off what is due, in every process."""

    house: House
    clock: DriverClock
    control: SandboxControl
    address: str
    progress: Callable[[datetime], None]
    settle: Callable[[House], int]


@contextmanager
def opened(
    conf: Settings, console: Console, *, start: datetime, lasts: timedelta, processes: int = 1
) -> Iterator[Theatre]:
    """A theatre whose clock stands at ``start``; everything of it is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="siyu-demo-")))
        url = stack.enter_context(_scratch(conf, folder))
        control = stack.enter_context(sandbox_process(folder / "sandbox"))
        engine = engine_for(url, pool=1)
        stack.callback(engine.dispose)
        clock = DriverClock(engine, start)
        house = stack.enter_context(house_at(url, conf, clock))
        bound = listening("127.0.0.1", 0)
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        conf = know(public_url=address)
        stack.enter_context(serving(house, bound))
        beside_us = stack.enter_context(beside(processes - 1, url, conf, bound))
        bar = stack.enter_context(
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}%"),
                TimeElapsedColumn(),
                console=console,
                refresh_per_second=2,
            )
        )
        task = bar.add_task("准备", total=lasts.total_seconds())

        def progress(now: datetime) -> None:
            local = now.astimezone(start.tzinfo)
            bar.update(task, completed=(now - start).total_seconds(), description=f"{local:%m-%d %H:%M}")

        yield Theatre(house, clock, control, address, progress, beside_us.drain)
        bar.update(task, completed=lasts.total_seconds())


@contextmanager
def _scratch(conf: Settings, folder: Path) -> Iterator[str]:
    """An empty migrated database: a new one on the given server, or an embedded server in a temporary folder."""
    with ExitStack() as stack:
        if conf.database_url:
            url = stack.enter_context(scratch_database(conf.database_url))
        else:
            url = stack.enter_context(EmbeddedServer(folder / "pg", "scratch")).url()
        upgrade(url)
        yield url
