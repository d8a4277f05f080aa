"""Story 3, the ten-minute desk: a salesperson's pushes of a day are at most 20 tasks, and what follows a push counts
from when the person received it: confirmed at once, late, partly or never."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from siyu.app.demo import company
from siyu.app.demo.fortnight import START
from siyu.outreach import queries as outreach
from tests.scenarios.alone import USERID, Alone, alone
from tests.support.database import Server

pytestmark = pytest.mark.timeout(600)

CUSTOMERS, BODIES, MOST = 200, 24, 20
EARLY, LATE = 8, 5
"""How many of the day's tasks are confirmed at 9:30 and at 15:00. The last of the late ones reaches half of its people;
the others nobody confirms."""
AFTER = "昨天发您的那一页看了吗"


def _split(key: str, arms: dict[str, str]) -> dict[str, Any]:
    return {"id": key, "kind": "split", "arms": [{"name": name, "next": goal} for name, goal in arms.items()]}


def _journey() -> dict[str, Any]:
    """Different words for each group of people, a day's wait, and words for all."""
    numbers = range(BODIES)
    sends = [
        {
            "id": f"say-{number}",
            "kind": "send",
            "text": f"第 {number} 组的资料",
            "routes": ["wecom_group_send"],
            "on_sent": "day",
            "on_not_sent": "missed",
        }
        for number in numbers
    ]
    return {
        "key": "desk",
        "name": "十分钟推送",
        "mode": "customer_pool",
        "entry": {"condition": {"kind": "follow", "staff": [USERID]}, "existing": True},
        "steps": [
            _split("half", {"left": "left", "right": "right"}),
            _split("left", {f"a{one}": f"say-{one}" for one in numbers[: BODIES // 2]}),
            _split("right", {f"a{one}": f"say-{one}" for one in numbers[BODIES // 2 :]}),
            *sends,
            {"id": "day", "kind": "wait", "for": "1d"},
            {"id": "after", "kind": "send", "text": AFTER, "routes": ["wecom_group_send"]},
            {"id": "kept", "kind": "exit", "reason": "followed_up"},
            {"id": "missed", "kind": "exit", "reason": "not_reached"},
        ],
    }


def _tasks(place: Alone, since: datetime) -> list[dict[str, Any]]:
    """The send tasks that WeCom has of 李四 since then, oldest first, each with its counts."""
    made = place.control.broadcasts(corpid=company.CORPID, since=since)["broadcasts"]
    return [one | one["tasks"][0] for one in sorted(made, key=lambda one: (one["created"], one["msgid"]))]


def _confirm(place: Alone, tasks: list[dict[str, Any]], share: float = 1.0) -> None:
    for one in tasks:
        place.control.member_act(USERID, "confirm", corpid=company.CORPID, msgid=one["msgid"], share=share)


def _received(place: Alone) -> dict[int, datetime]:
    """When each customer got the first push, by the platform's log."""
    rows = place.rows("select value, customer_id from identity join origin using (origin_id) where value like 'wm%'")
    customers = {row.value: row.customer_id for row in rows}
    entries = place.control.log(kind="received", route="wecom_group_send", limit=10_000)["entries"]
    return {customers[one["uid"]]: datetime.fromisoformat(one["at"]) for one in reversed(entries)}


def _standing(place: Alone, node: str) -> dict[int, datetime]:
    """Who stands at a step, and when it is due."""
    found = place.rows("select customer_id, due_at from enrolment where state = 'active' and node = :node", node=node)
    return {row.customer_id: row.due_at for row in found}


def test_a_day_is_twenty_tasks_and_what_follows_counts_from_the_receipt(server: Server, tmp_path: Path) -> None:
    with alone(server, tmp_path, START, "hand", CUSTOMERS) as place:
        place.start(_journey())
        place.go_on(place.hour(9.25))
        tasks = _tasks(place, START)
        assert len(tasks) == MOST
        with place.at.house.open() as ctx:
            desk = [one for one in outreach.send_day(ctx, USERID, place.now.date()).tasks if one.state == "open"]
        assert len(desk) == MOST
        assert sum(one.seconds for one in desk) <= 600
        people = {one["msgid"]: one["unsent"] for one in tasks}
        assert sum(one.recipients for one in desk) == sum(people.values())
        waiting = place.rows("select reason, due_at from outreach_request where state = 'planned'")
        assert len(waiting) == CUSTOMERS - sum(people.values()) > 0
        assert {(row.reason, row.due_at.astimezone(place.at.house.zone).date()) for row in waiting} == {
            ("tasks_full", START.date() + timedelta(days=1))
        }

        place.go_on(place.hour(9.5))
        _confirm(place, tasks[:EARLY])
        place.go_on(place.hour(15))
        _confirm(place, tasks[EARLY : EARLY + LATE - 1])
        _confirm(place, tasks[EARLY + LATE - 1 : EARLY + LATE], 0.5)
        place.go_on(place.hour(17))
        got = _received(place)
        told = {str(at.astimezone(place.at.house.zone).time()) for at in got.values()}
        assert told == {"09:30:00", "15:00:00"}
        assert _standing(place, "day") == {one: at + timedelta(days=1) for one, at in got.items()}

        place.go_on(place.hour(19, days=1))
        halves = len(got) - sum(people[one["msgid"]] for one in tasks[: EARLY + LATE - 1])
        missed = sum(people.values()) - len(got)
        ended = place.rows("select reason, count(*) as n from enrolment where state = 'ended' group by 1")
        assert {row.reason: row.n for row in ended} == {"not_reached": missed}
        assert 0 < halves < people[tasks[EARLY + LATE - 1]["msgid"]]
        unsent = place.rows("select reason, count(*) as n from outreach_request where state = 'not_sent' group by 1")
        assert {row.reason: row.n for row in unsent} == {"not_confirmed": missed}
        after = [one for one in _tasks(place, START + timedelta(days=1)) if one["title"] == AFTER]
        by_noon = sum(people[one["msgid"]] for one in tasks[:EARLY])
        assert [one["unsent"] for one in after] == [by_noon, len(got) - by_noon]
        for one, at in zip(after, (place.hour(12), place.hour(18.5)), strict=True):
            early = at - datetime.fromisoformat(one["created"])
            assert timedelta(0) <= early <= timedelta(hours=1), "handed over up to an hour before its round"
        assert place.control.counts()["duplicate_count"] == 0
