"""Story 1, the e-book wave: over real HTTP against the sandbox; what Siyu counts is what the platform counted.

Undisturbed; with callbacks lost, doubled and out of order; with worker processes killed while they work.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from siyu.app.demo import wave
from siyu.app.demo.company import APPID
from siyu.app.demo.wave import START, Plan, Played
from siyu.outreach.reasons import REASONS
from siyu.platforms import queries as platforms
from siyu.runtime import queries as runtime
from tests.support.database import Server
from tests.support.installation import Crew, Installation, installation

pytestmark = pytest.mark.timeout(400)


def _shown(played: Played) -> str:
    return "\n".join(f"{row.title}: {row.ours} / {row.theirs} {row.note}" for row in played.rows if not row.right)


def _expect_whole(at: Installation, played: Played) -> None:
    """Every count agrees, nobody got anything twice, nobody is stuck, nothing failed, every decision has a reason."""
    assert played.right, _shown(played)
    counts = at.control.counts()
    assert counts["duplicate_count"] == 0, counts["duplicates"]
    assert at.control.log(kind="error")["entries"] == []
    with at.house.open() as ctx:
        assert runtime.parked(ctx) == []
        assert set(platforms.inbox_state(ctx).values()) == {0}
        stuck = ctx.tx.execute(
            text(
                "select node, waiting, due_at, count(*) from enrolment"
                " where state = 'active' and (due_at is null or due_at <= :now) group by 1, 2, 3"
            ),
            {"now": ctx.now},
        ).all()
        assert stuck == []
        requests = ctx.tx.execute(text("select state, reason, due_at, claimed_at from outreach_request")).all()
        assert requests
        assert {row.reason for row in requests} <= set(REASONS), {row.reason for row in requests}
        assert {row.state for row in requests if row.due_at <= ctx.now} <= {
            "sent",
            "accepted",
            "received",
            "failed",
            "not_sent",
        }


def _people_ended(at: Installation) -> dict[str, int]:
    with at.house.open() as ctx:
        rows = ctx.tx.execute(text("select reason, count(*) as n from enrolment where state = 'ended' group by 1"))
        return {row.reason: row.n for row in rows}


def test_the_wave_undisturbed(server: Server, tmp_path: Path) -> None:
    with installation(server, tmp_path, START) as at:
        plan = Plan(customers=60, late=20, reply_rate=0.3)
        played = wave.run(plan, at.house, at.clock, at.control, at.public_url)
        _expect_whole(at, played)
        rows = {row.title.strip(): row.ours for row in played.rows}
        assert rows["推送 e-book sent"] == 60 + 14
        assert rows["后来者 late entrants"] == 14
        ended = _people_ended(at)
        assert sum(ended.values()) == 60 + 14
        assert ended["reminded"] > 20
        assert ended["form_submitted"] > 0
        assert ended["invited"] > 0


def test_people_who_reply_and_leave_are_erased_and_still_counted(server: Server, tmp_path: Path) -> None:
    with installation(server, tmp_path, START) as at:
        plan = Plan(customers=150, late=0, reply_rate=0.6, leave_rate=0.35)
        played = wave.run(plan, at.house, at.clock, at.control, at.public_url)
        with at.house.open() as ctx:
            wrote = "select customer_id from event where type = 'message_received' and not props ? 'text'"
            assert ctx.tx.execute(text(f"select count(*) from ({wrote}) as erased")).scalar_one() > 0
        _expect_whole(at, played)


@pytest.mark.parametrize(("lose", "seed"), [(0.1, 7)])
def test_callbacks_lost_doubled_and_out_of_order(server: Server, tmp_path: Path, lose: float, seed: int) -> None:
    with installation(server, tmp_path, START) as at:
        plan = Plan(
            customers=60, late=40, reply_rate=0.3, form_rate=0.5, seed=seed, lose=lose, duplicate=0.2, reorder=0.2
        )
        played = wave.run(plan, at.house, at.clock, at.control, at.public_url)
        faults = at.control.counts()["callbacks"]
        assert min(faults["lost"], faults["duplicated"], faults["reordered"]) > 5, "the faults did not happen"
        _expect_whole(at, played)


def test_wechat_often_does_not_say_who_reads(server: Server, tmp_path: Path) -> None:
    with installation(server, tmp_path, START) as at:
        plan = Plan(customers=80, late=0, reply_rate=0.6, form_rate=0.9, oauth=0.5)
        played = wave.run(plan, at.house, at.clock, at.control, at.public_url)
        _expect_whole(at, played)
        (form,) = [row for row in played.rows if row.title.startswith("填写表单")]
        assert "未认出" in form.title, "somebody failed twice"
        assert form.ours > 10, "most are recognised at the second asking"
        with at.house.open() as ctx:
            typed = ctx.tx.execute(text("select origin_id, mapped->>'phone' as phone from form_submission")).all()
            proven = ctx.tx.execute(text("select origin_id, value from identity where kind = 'oa_openid'")).all()
        openids = {row.origin_id: row.value for row in proven}
        people = at.control.people(account=APPID, limit=1_000)["people"]
        persons = {row["openid"]: row["person"] for row in people}
        told = {persons[openids[origin]]: phone for origin, phone in typed if origin in openids}
        own = {person: f"+86{at.control.person(person)['profile']['phone']}" for person in told}
        assert told == own, "nobody has the answers of another"


def test_workers_killed_while_they_work(server: Server, tmp_path: Path) -> None:
    with installation(server, tmp_path, START) as at, Crew(at, seed=11, every=5, most=8) as crew:
        plan = Plan(customers=30, late=10, reply_rate=0.4, form_rate=0.5)
        played = wave.run(plan, at.house, at.clock, at.control, at.public_url, settle=crew.settle)
        assert crew.kills >= 5
        _expect_whole(at, played)
