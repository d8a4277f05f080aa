"""Every count of the wave leads to its people: as many rows, over all pages, as the count says."""

from typing import Any

import pytest

from siyu.journeys import actions, queries, store_reading
from siyu.kernel.paging import cursor
from tests.journeys.reader import reader
from tests.journeys.town import Town
from tests.support.world import World

SEND = {"kind": "send", "text": "hello", "routes": ["oa_custom"]}
REPLIED = {"kind": "event", "type": "message_received", "since": "entered"}
STEPS: tuple[dict[str, Any], ...] = (
    {"id": "s", **SEND, "on_not_sent": "out"},
    {"id": "w", "kind": "wait", "for": "1h"},
    {"id": "b", "kind": "branch", "when": REPLIED, "on_yes": "again", "on_no": "out"},
    {"id": "again", **SEND, "text": "once more", "on_sent": "turn", "on_not_sent": "out"},
    {"id": "turn", "kind": "wait_for", "event": {"type": "form_submitted"}, "timeout": "1h", "on_timeout": "out"},
    {"id": "round", "kind": "goto", "to": "turn"},
    {"id": "out", "kind": "exit", "reason": "over"},
)


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def test_every_count_leads_to_as_many_people(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_reading, "LOOKED", 4)
    people = town.people(11, "上海")
    journey = town.start(
        *STEPS,
        goals=[{"name": "bought", "when": {"kind": "event", "type": "ordered", "since": "entered"}, "ends": False}],
        exit_rules=[{"reason": "gone", "when": {"kind": "event", "type": "unfollowed", "since": "entered"}}],
    )
    counts = reader(town.world, journey.journey_id)
    assert counts.agree() == 5
    town.outcome("sent", *people[:9])
    town.outcome("not_sent", *people[9:])
    town.event("message_received", *people[:5])
    town.event("ordered", *people[2:6])
    town.event("unfollowed", people[8])
    town.drain()
    counts.agree()
    town.wait(hours=1)
    town.outcome("sent", node="again")
    for _ in range(2):
        town.wait(minutes=10)
        town.event("form_submitted", *people[:2])
        town.drain()
    # Somebody who takes an edge twice stands behind it twice.
    assert {(edge["source"], edge["edge"]): edge["count"] for edge in counts.wave()["edges"]}["turn", "happened"] == 4
    assert counts.agree() >= 18
    assert counts.wave()["goals"] == {"bought": 4}
    town.wait(hours=2)
    assert counts.wave()["active"] == 0
    counts.agree()


def test_counts_of_each_version_lead_to_the_people_of_that_version(town: Town) -> None:
    town.people(4, "上海")
    first = town.start(*STEPS[:2], {"id": "out", "kind": "exit"})
    town.outcome("sent")
    with town.world.open() as ctx:
        actions.apply(ctx, queries.version(ctx, first.journey_id).definition | {"name": "J2"})
    town.people(3, "上海")
    town.drain()
    counts = reader(town.world, first.journey_id)
    assert (counts.wave(version=1)["entered"], counts.wave()["entered"]) == (4, 3)
    counts.agree(version=1)
    counts.agree()


def test_a_cursor_of_another_list_is_refused(town: Town) -> None:
    journey = town.start(*STEPS)
    counts = reader(town.world, journey.journey_id)
    bad = (cursor("x"), cursor(-1), cursor(2**70), cursor(True), cursor(1, 2, 3), cursor("a", "b"), "%%%")
    lists: tuple[tuple[str, str, dict[str, object]], ...] = (
        (f"{counts.base}/enrolments", "cursor", {}),
        (f"{counts.base}/passages", "cursor", {"edge": "sent", "target": "w", "source": "s"}),
        (f"{counts.base}/goals/bought", "cursor", {}),
        ("/api/outreach/customers/1/ledger", "after", {}),
        ("/api/outreach/mass-sends", "after", {}),
        ("/api/outreach/steps/requests", "after", {"kind": "journey", "id": 1, "state": "sent", "reason": "now"}),
    )
    for path, name, query in lists:
        for value in bad:
            refused = counts.client.get(path, params={**query, name: value})
            assert (refused.status_code, refused.json()["code"]) == (422, "bad_cursor"), (path, value)
