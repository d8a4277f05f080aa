"""Keeps the demo company alive: new people follow every simulated day, so that the wave never stands still."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta

import structlog

from siyu.app.demo import company
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime.house import House

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0


@contextmanager
def going_on(house: House, control: SandboxControl, spec: company.Spec) -> Iterator[None]:
    """Schedule each day's arrivals while the block runs; the sandbox remembers which days it has."""
    stopped = threading.Event()

    def live() -> None:
        scheduled: set[str] = set()
        while not stopped.is_set():
            now = house.clock.now().astimezone(house.zone)
            day = now.date().isoformat()
            if day not in scheduled:
                try:
                    _arrivals(control, spec, now, day)
                    scheduled.add(day)
                except OSError as error:
                    log.warning("arrivals_not_scheduled", day=day, error=type(error).__name__)
            stopped.wait(LOOK_SECONDS)

    thread = threading.Thread(target=live, name="siyu-life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(10)


def _arrivals(control: SandboxControl, spec: company.Spec, now: datetime, day: str) -> None:
    start = max(now, datetime.combine(now.date(), time(8), now.tzinfo))
    end = datetime.combine(now.date(), time(22), now.tzinfo)
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
