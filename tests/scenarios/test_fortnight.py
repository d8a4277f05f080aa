"""The sales team's days: over real HTTP against the sandbox, what Siyu counts per channel, salesperson and day is what
the platform counted; undisturbed, and with callbacks lost, doubled and out of order beside salespeople who are slow or
ignore their tasks."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import text

from siyu.app.demo import firm, fortnight, ledger
from siyu.app.demo.fortnight import START, Plan
from siyu.outreach.reasons import REASONS
from siyu.platforms import queries as platforms
from siyu.platforms.types import LOCAL_CODES, Call, Outcome, Sender
from siyu.runtime import queries as runtime
from siyu.runtime.worker import drain
from tests.support.database import Server
from tests.support.installation import Crew, Installation, installation

pytestmark = pytest.mark.timeout(600)


def _shown(told: ledger.Told) -> str:
    pairs = [pair for pair, _, _ in told.channels] + told.sums
    lines = [f"{pair.title}: {pair.ours} / {pair.theirs}" for pair in pairs if not pair.right]
    return "\n".join(lines + [f"{key}: {day}" for key, day in told.days.items() if not day.right])


def _expect_whole(at: Installation, told: ledger.Told) -> None:
    """Every count agrees, nothing failed or waits, every decision has a reason."""
    assert told.right, _shown(told)
    assert at.control.log(kind="error")["entries"] == []
    with at.house.open() as ctx:
        assert runtime.parked(ctx) == []
        assert set(platforms.inbox_state(ctx).values()) == {0}
        reasons = set(ctx.tx.execute(text("select distinct reason from outreach_request")).scalars())
        assert reasons <= set(REASONS)


def _first_days(at: Installation, days: int, **faults: float) -> ledger.Told:
    """The first days of a sales team, played and compared."""
    plan = Plan(customers=14, days=days, **faults)  # type: ignore[arg-type]  # the shares of faults
    told = fortnight.run(plan, at.house, at.clock, at.control, at.public_url)
    _expect_whole(at, told)
    assert sum(pair.ours for pair, _, _ in told.channels) == 14
    assert sum(day.received for day in told.days.values()) > 0
    return told


def _shown_to_people(told: ledger.Told) -> str:
    console = Console(file=io.StringIO(), width=200)
    ledger.show(told, console, 1.0)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@dataclass(frozen=True, slots=True)
class _AnswerLost:
    """What is sent is carried out, and the connection breaks before the answer comes."""

    sender: Sender

    def send(self, call: Call) -> Outcome:
        self.sender.send(call)
        return Outcome(False, -101, LOCAL_CODES[-101], {}, uncertain=True)


def _scan_of_unknown_fate(at: Installation, config_id: str) -> None:
    """Somebody scans; the answer to the welcome is lost, and the worker with it."""
    person = at.control.add_people(count=1)["first"]
    at.control.act(person, "scan_way", config_id=config_id)
    drain(replace(at.house, senders={**at.house.senders, "wecom": _AnswerLost(at.house.senders["wecom"])}))
    with at.house.open() as ctx:
        ctx.tx.execute(text("update outreach_batch set lease_machine = 0 where open"))
    drain(at.house)
    with at.house.open() as ctx:
        reasons = ctx.tx.execute(text("select state from outreach_request where reason = 'uncertain'")).scalars()
        assert list(reasons) == ["failed"]


def test_the_first_days_of_a_sales_team_and_a_difference_is_told(server: Server, tmp_path: Path) -> None:
    with installation(server, tmp_path, START) as at:
        told = _first_days(at, 5)
        assert "every count agrees" in _shown_to_people(told)
        assert sum(day.received for day in told.days.values()) > 14
        assert {why for _, _, _, why, _ in told.moves} >= {"opened_or_replied"}

        with at.house.open() as ctx:
            made = firm.of(ctx)
            assert made is not None
            codes = firm.on_platform(ctx, made)
        # Somebody is greeted and the answer is lost: Siyu knows that it does not know, so it is counted apart.
        _scan_of_unknown_fate(at, codes["expo"])
        told = ledger.read(at.house, at.control, made, codes, START)
        assert told.right, _shown(told)
        assert "+1 结果不明 uncertain" in _shown_to_people(told)

        # One more scans, and Siyu hears nothing of it: the ledger must say so.
        at.control.set_faults(lose=1.0)
        stranger = at.control.add_people(count=1)["first"]
        at.control.act(stranger, "scan_way", config_id=codes["expo"])
        told = ledger.read(at.house, at.control, made, codes, START)
        assert not told.right
        assert _shown(told).splitlines()[0].startswith("展会海报")
        assert "counts differ" in _shown_to_people(told)


def test_with_callbacks_at_fault_and_salespeople_who_are_slow_or_ignore_tasks(server: Server, tmp_path: Path) -> None:
    with installation(server, tmp_path, START) as at:
        at.control.set_staff(at_once_rate=0.2, late_rate=0.4, partly_rate=0.2, remind_rate=0.3)
        told = _first_days(at, 4, lose=0.1, duplicate=0.3, reorder=0.3)
        assert any(day.confirmed < day.tasks for day in told.days.values()), "somebody ignores a task"
        with at.house.open() as ctx:
            missed = "select count(*) from outreach_request where reason = 'not_confirmed'"
            assert ctx.tx.execute(text(missed)).scalar_one() > 0


def test_workers_killed_while_they_work(server: Server, tmp_path: Path) -> None:
    with installation(server, tmp_path, START) as at, Crew(at, seed=11, every=4, most=4) as crew:
        plan = Plan(customers=8, days=4)
        told = fortnight.run(plan, at.house, at.clock, at.control, at.public_url, settle=crew.settle)
        assert crew.kills == 4
        pairs = [pair for pair, _, _ in told.channels] + told.sums
        assert {pair.title for pair in pairs if not pair.right} <= {"送达 pushes received"}, _shown(told)
        # A send task whose worker died before WeCom's answer was recorded is of unknown fate: never handed over again.
        over = sum(day.their_received - day.received for day in told.days.values())
        with at.house.open() as ctx:
            assert runtime.parked(ctx) == []
            assert set(platforms.inbox_state(ctx).values()) == {0}
            lost = "select count(*) from outreach_request where reason = 'uncertain' and key like 'j%'"
            assert 0 <= over <= ctx.tx.execute(text(lost)).scalar_one(), _shown(told)
