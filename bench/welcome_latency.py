"""The welcome beside a large journey: from the scan of a live code until WeCom delivers it (PRODUCT.md A2: 20 s).

``python -m bench.welcome_latency [PEOPLE [SCANS]]``. Everything runs as in production: the sandbox over HTTP with
encrypted callbacks, the callback door, two workers, the system's clock. SCANS people (60) scan one after another, first
while nothing else happens, then while PEOPLE (20,000) walk in circles through a journey, each due every few seconds.
Both sides of the time are the sandbox's own: when the person scanned, when the welcome arrived. Who was not welcomed in
time is counted with the reason. The ratio is of the same run.
"""

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from sqlalchemy import select

from migrations.schema import upgrade
from siyu.app.demo import company, firm
from siyu.app.sandboxed import sandbox_process
from siyu.app.server import listening, serving
from siyu.app.wiring import house_at
from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.customers.types import Identity, Record
from siyu.journeys import actions as journeys
from siyu.journeys import entries, queries
from siyu.kernel.clock import SystemClock
from siyu.kernel.postgres import EmbeddedServer
from siyu.kernel.settings import know, settings
from siyu.outreach import queries as outreach
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime.house import House
from siyu.runtime.serve import Service

PAUSE_S = 0.25
WINDOW_S = 25.0
"""So long after the last scan a welcome is waited for: the platform's 20 s, and some to write it down."""
CHUNK = 10_000
ROUND = {
    "key": "bench",
    "name": "Bench",
    "entry": {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "nowhere"}},
    "steps": [
        {"id": "w", "kind": "wait", "for": "3s"},
        {
            "id": "b",
            "kind": "branch",
            "when": {"kind": "event", "type": "form_submitted", "since": "entered"},
            "on_yes": "x",
            "on_no": "again",
        },
        {"id": "again", "kind": "goto", "to": "w"},
        {"id": "x", "kind": "exit"},
    ],
}


def _until(happened: object, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError("the bench waited too long")
        threading.Event().wait(0.2)


def _walkers(house: House, people: int) -> None:
    """So many people in a journey that they never leave."""
    with house.open() as ctx:
        journey_id = journeys.start(ctx, journeys.apply(ctx, ROUND).journey_id).journey_id
        program = queries.program(ctx, journey_id, 1)
    for first in range(0, people, CHUNK):  # set-loop: chunks of ten thousand
        with house.open() as ctx:
            numbers = range(first, min(first + CHUNK, people))
            records = [Record("bench", str(n), (Identity("crm_id", f"b{n}", "bench"),), ctx.now) for n in numbers]
            found = customers.identify(ctx, records)
            entries.enrol(ctx, journey_id, 1, program, [(one, "bench", ctx.now) for one in found])


@dataclass(frozen=True, slots=True)
class Welcomed:
    """What became of ``scans`` people: seconds until each welcome arrived, and how many got none, by reason."""

    scans: int
    seconds: Sequence[float]
    missing: Mapping[str, int]


def _scan(house: House, control: SandboxControl, config_id: str, scans: int) -> Welcomed:
    """People scan one after another; a welcome that did not come within the platform's 20 s comes no more."""
    first = int(control.add_people(count=scans)["first"])
    wanted = set(range(first, first + scans))
    for person in sorted(wanted):
        control.act(person, "scan_way", config_id=config_id)
        threading.Event().wait(PAUSE_S)
    deadline = time.monotonic() + WINDOW_S
    arrived = _times(control, wanted, kind="received", route="wecom_welcome")
    while len(arrived) < scans and time.monotonic() < deadline:
        threading.Event().wait(0.5)
        arrived = _times(control, wanted, kind="received", route="wecom_welcome")
    scanned = _times(control, wanted, kind="act", name="scan_way")
    seconds = sorted((arrived[one] - scanned[one]).total_seconds() for one in wanted & arrived.keys() & scanned.keys())
    missing = Counter(
        _why(house, control, one) if one in scanned else "scan refused" for one in wanted - arrived.keys()
    )
    return Welcomed(scans, seconds, missing)


def _times(control: SandboxControl, persons: Set[int], **which: object) -> dict[int, datetime]:
    """When each of these persons did or got it, by the sandbox's log."""
    entries = control.log(limit=10_000, **which)["entries"]
    return {int(one["person"]): datetime.fromisoformat(one["at"]) for one in entries if one["person"] in persons}


def _why(house: House, control: SandboxControl, person: int) -> str:
    """Why somebody was not welcomed, as Siyu's ledger says."""
    contacts = control.person(person)["contacts"]
    with house.open() as ctx:
        known = customer_queries.people
        uids = [one["external_userid"] for one in contacts]
        ids = list(ctx.tx.execute(select(known.c.customer_id).where(known.c.value.in_(uids))).scalars())
        asked = [one for number in ids for one in outreach.ledger(ctx, number).items]  # set-loop: one person's
    return ", ".join(f"{one.state}: {one.reason}" for one in asked) or (
        "not asked for" if ids else "callback not taken in"
    )


def _tell(name: str, found: Welcomed) -> float:
    """Print a row; the p99, of those who were welcomed."""
    lost = ", ".join(f"{count} {reason}" for reason, count in sorted(found.missing.items()))
    if not found.seconds:
        print(f"{name:<36} nobody was welcomed: {lost}")
        return float("nan")
    at = sorted(found.seconds)
    p50, p99 = at[len(at) // 2], at[min(len(at) - 1, len(at) * 99 // 100)]
    print(
        f"{name:<36} p50 {p50 * 1000:>7,.0f} ms   p99 {p99 * 1000:>7,.0f} ms   worst {at[-1] * 1000:>7,.0f} ms   "
        f"{len(at)} of {found.scans} in time{f' ({lost})' if lost else ''}   load {os.getloadavg()[0]:.1f}"
    )
    return p99


def main(people: int, scans: int = 60) -> None:
    """Measure and print."""
    with TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        url = stack.enter_context(EmbeddedServer(folder / "pg", "server")).url()
        upgrade(url)
        control = stack.enter_context(sandbox_process(folder / "sandbox"))
        control.run_system()
        house = stack.enter_context(house_at(url, settings(), SystemClock()))
        bound = listening("127.0.0.1", 0)
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        conf = know(public_url=address)
        stack.enter_context(serving(house, bound))
        with house.open() as ctx:
            company.staff(ctx)
            account_id, wecom_id = company.accounts(ctx, control)
        company.platform_side(control, company.Spec(customers=10, public_url=address), account_id, wecom_id)
        with house.open() as ctx:
            today = datetime.now(UTC).astimezone(ZoneInfo(conf.zone)).date()
            made_firm = firm.furnish(ctx, wecom_id, today)
        service = Service(house, 2)
        service.start()
        stack.callback(service.stop)

        def codes() -> dict[str, str]:
            with house.open() as ctx:
                return firm.on_platform(ctx, made_firm)

        _until(lambda: len(codes()) == len(firm.CODES))
        config_id = codes()["expo"]
        quiet = _tell("welcome, nothing else", _scan(house, control, config_id, scans))
        _walkers(house, people)
        busy = _tell(f"welcome beside {people:,} who walk", _scan(house, control, config_id, scans))
        print(f"{'ratio of p99':<36} {busy / quiet:.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:])) if len(sys.argv) > 1 else main(20_000)
