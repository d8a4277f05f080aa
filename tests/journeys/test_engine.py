"""The engine over sets: entries, waits, outcomes, branches, exits; on PostgreSQL, through the rooms' doors."""

from datetime import timedelta
from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.experiments.arms import arm
from siyu.experiments.types import Arm
from siyu.journeys import actions as journeys
from siyu.journeys import queries
from siyu.journeys.types import WrongState
from siyu.segments import actions as segments
from siyu.tags import actions as tags
from tests.journeys.town import Town
from tests.support.world import World

SEND = {"kind": "send", "text": "hello", "routes": ["oa_custom"]}
REPLY = {"kind": "wait_for", "event": {"type": "message_received", "where": {"text": {"contains": "电子书"}}}}


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def test_existing_and_later_members_run_on_their_own_clocks(town: Town) -> None:
    first = town.people(3, "上海")
    town.people(2, "北京")
    journey = town.start({"id": "s", **SEND}, {"id": "w", "kind": "wait", "for": "1h"}, {"id": "x", "kind": "exit"})
    assert town.where(journey) == dict.fromkeys(first, ("s", "outcome"))
    town.outcome("sent")
    assert town.where(journey) == dict.fromkeys(first, ("w", "time"))
    town.wait(minutes=30)
    late = town.people(1, "上海")
    town.drain()
    town.outcome("sent", *late)
    town.wait(minutes=30)
    assert town.where(journey) == dict.fromkeys(first, ("x", "exit")) | dict.fromkeys(late, ("w", "time"))
    town.wait(minutes=30)
    assert set(town.where(journey).values()) == {("x", "exit")}
    keys = [row.key for row in town.requests()]
    assert len(keys) == len(set(keys)) == 4


def test_a_reply_counts_from_the_send_on_even_before_the_step_is_entered_and_is_answered(town: Town) -> None:
    early, late, silent = town.people(3, "上海")
    journey = town.start(
        {"id": "ask", **SEND},
        {"id": "pause", "kind": "wait", "for": "1h"},
        {"id": "reply", **REPLY, "timeout": "12h", "on_timeout": "silent"},
        {"id": "answer", **SEND, "text": "link", "answers": True},
        {"id": "silent", "kind": "exit", "reason": "silent"},
    )
    town.event("message_received", early, text="电子书 before the send does not count")
    sent_at = town.world.wait(minutes=1)
    town.outcome("accepted", at=sent_at)
    town.wait(minutes=5)
    town.event("message_received", early, text="我要电子书")
    town.event("message_received", late, text="你好")
    town.drain()
    assert town.where(journey)[early] == ("pause", "time")
    town.wait(minutes=55)
    assert town.where(journey) == {
        early: ("answer", "outcome"),
        late: ("reply", "event"),
        silent: ("reply", "event"),
    }
    town.wait(hours=11, minutes=50)
    town.event("message_received", late, text="【电子书】")
    town.drain()
    assert town.where(journey)[late] == ("answer", "outcome")
    told = town.world.rows(
        "select customer_id, event_id from event where props->>'text' in ('我要电子书', '【电子书】')"
    )
    assert {row.customer_id: row.answers for row in town.requests("answer")} == {
        row.customer_id: row.event_id for row in told
    }
    # The timeout counts from the end of the pause, which counted from the send: 13 hours after it.
    town.wait(minutes=9)
    assert town.where(journey)[silent] == ("reply", "event")
    town.wait(minutes=1)
    assert town.where(journey)[silent] == ("silent", "silent")


def test_not_sent_skips_waits_that_count_from_the_send_unless_routed(town: Town) -> None:
    (person,) = town.people(1, "上海")
    steps: list[dict[str, Any]] = [
        {"id": "s", **SEND},
        {"id": "w", "kind": "wait", "for": "1d"},
        {"id": "r", **REPLY, "timeout": "1d"},
        {"id": "own", "kind": "wait", "for": "1h", "base": "step"},
        {"id": "x", "kind": "exit"},
    ]
    journey = town.start(*steps)
    town.outcome("not_sent")
    assert town.where(journey)[person] == ("own", "time")
    town.wait(hours=1)
    routed = town.start({**steps[0], "on_not_sent": "x"}, *steps[1:], key="k", name="K")
    town.outcome("failed")
    assert town.where(routed)[person] == ("x", "exit")
    with town.world.open() as ctx:
        edges = {(edge.source, edge.edge): edge.count for edge in queries.wave(ctx, journey.journey_id).edges}
    assert edges["w", "skipped"] == edges["r", "skipped"] == edges["s", "not_sent"] == 1
    assert edges["w", "next"] == 0


def test_branches_splits_tags_and_attributes_over_a_set(town: Town) -> None:
    everybody = town.people(40, "上海")
    marked, rest = everybody[:10], everybody[10:]
    with town.world.open() as ctx:
        tag_id = tags.ensure(ctx, "意向/高")
        customers.define_attribute(ctx, "wave", "波次", "text")
    town.event("form_submitted", *marked[:4])
    town.event("content_viewed", *marked[4:], content_id=7)
    journey = town.start(
        {
            "id": "what",
            "kind": "branch",
            "cases": [
                {"name": "form", "when": {"kind": "event", "type": "form_submitted"}, "next": "hot"},
                {"name": "read", "when": {"kind": "event", "type": "content_viewed", "content": 7}, "next": "warm"},
            ],
            "on_else": "half",
        },
        {"id": "hot", "kind": "set_tag", "tag": "意向/高"},
        {"id": "warm", "kind": "set_attribute", "name": "wave", "value": "warm", "next": "end"},
        {
            "id": "half",
            "kind": "split",
            "arms": [{"name": "a", "weight": 1, "next": "end"}, {"name": "b", "next": "out"}],
        },
        {"id": "end", "kind": "exit", "reason": "done"},
        {"id": "out", "kind": "exit", "reason": "out"},
    )
    # hot goes on to warm: the following step.
    warm = {row.customer_id for row in town.world.rows("select * from customer where custom->>'wave' = 'warm'")}
    assert warm == set(marked)
    tagged = {row[0] for row in town.world.rows("select customer_id from customer_tags where :t = any(tags)", t=tag_id)}
    assert tagged == set(marked[:4])

    half = {c: "done" if arm("journey/j/half", c, [Arm("a", 1), Arm("b", 1)]) == "a" else "out" for c in rest}
    ends = {customer_id: what for customer_id, (_, what) in town.where(journey).items()}
    assert ends == dict.fromkeys(marked, "done") | half
    with town.world.open() as ctx:
        wave = queries.wave(ctx, journey.journey_id)
    edges = {(edge.source, edge.edge): edge.count for edge in wave.edges}
    assert (edges["what", "form"], edges["what", "read"], edges["what", "else"]) == (4, 6, 30)
    assert edges["half", "a"] == sum(what == "done" for what in half.values())
    assert wave.entered == 40
    assert wave.active == 0
    assert sum(wave.ended.values()) == 40
    assert all(node.here == 0 for node in wave.nodes)


def test_a_tag_that_was_retired_is_given_to_nobody_and_stops_no_journey(town: Town) -> None:
    with town.world.open() as ctx:
        tag_id = tags.ensure(ctx, "意向/高")
    who = town.people(3, "上海")
    journey = town.start(
        {"id": "w", "kind": "wait", "for": "1h"},
        {"id": "hot", "kind": "set_tag", "tag": "意向/高"},
        {"id": "x", "kind": "exit", "reason": "done"},
    )
    with town.world.open() as ctx:
        tags.retire(ctx, tag_id)
    town.wait(hours=1)
    assert town.where(journey) == dict.fromkeys(who, ("x", "done"))
    assert town.world.rows("select 1 from customer_tags where :t = any(tags)", t=tag_id) == []
    (noted,) = town.world.rows("select object_id, detail from audit_log where action = 'journeys.tag_not_given'")
    assert (noted.object_id, noted.detail) == (str(tag_id), {"reason": "tag_retired", "people": 3})


def test_exit_rules_and_goals_end_people_and_cancel_what_is_not_claimed(town: Town) -> None:
    leaver, winner, other = town.people(3, "上海")
    journey = town.start(
        {"id": "s", **SEND},
        {"id": "w", "kind": "wait", "for": "1d"},
        exit_rules=[{"reason": "unfollowed", "when": {"kind": "event", "type": "unfollowed", "since": "entered"}}],
        goals=[
            {"name": "ordered", "when": {"kind": "event", "type": "order_paid", "since": "entered"}},
            {"name": "clicked", "when": {"kind": "event", "type": "link_clicked", "since": "entered"}, "ends": False},
        ],
    )
    town.event("unfollowed", leaver)
    town.event("link_clicked", other, link_id=3)
    town.drain()
    assert town.where(journey)[leaver] == ("s", "unfollowed")
    cancelled = {row.customer_id: row.detail for row in town.requests() if row.state == "not_sent"}
    assert cancelled == {leaver: "journey_ended"}
    town.outcome("sent", winner, other)
    town.event("order_paid", winner)
    town.wait(hours=1)
    assert town.where(journey) == {leaver: ("s", "unfollowed"), winner: ("w", "goal:ordered"), other: ("w", "time")}
    reached = town.world.rows("select customer_id, goal from enrolment_goal order by 1")
    assert [tuple(row) for row in reached] == [(winner, "ordered"), (other, "clicked")]
    ended = town.world.rows("select customer_id, props->>'reason' as reason from event where type = 'journey_ended'")
    assert {row.customer_id: row.reason for row in ended} == {leaver: "unfollowed", winner: "goal:ordered"}
    with town.world.open() as ctx:
        (history,) = queries.why(ctx, winner)
    assert [step.node for step in history.steps] == ["s", "w"]
    assert list(history.goals) == ["ordered"]
    assert [send.origin.node for send in history.sends] == ["s"]


@pytest.mark.parametrize(
    ("re_entry", "gap", "nodes"),
    [
        ("never", None, ["w"]),
        ("after_exit", None, ["w"]),
        ("always", None, ["w", "w"]),
        ("always", "3h", ["w"]),
    ],
)
def test_re_entry_while_inside(town: Town, re_entry: str, gap: str | None, nodes: list[str]) -> None:
    (person,) = town.people(1, "上海")
    entry = {"re_entry": re_entry} | ({"gap": gap} if gap else {})
    journey = town.start({"id": "w", "kind": "wait", "for": "5d"}, entry=entry)
    town.wait(hours=1)
    with town.world.open() as ctx:
        journeys.enrol(ctx, journey.journey_id, [person], "again")
        journeys.enrol(ctx, journey.journey_id, [person], "again")
    town.drain()
    rows = town.world.rows("select node, reason from enrolment order by enrolment_id")
    assert [row.node for row in rows] == nodes
    if len(nodes) == 2:
        assert rows[0].reason == "re_entered"
    assert sum(row.reason is None for row in rows) == 1


def test_re_entry_after_exit_keeps_the_gap(town: Town) -> None:
    (person,) = town.people(1, "上海")
    journey = town.start({"id": "x", "kind": "exit"}, entry={"re_entry": "after_exit", "gap": "1d"})

    for hours, entered in ((1, 0), (23, 1), (0, 0)):
        town.world.wait(hours=hours)
        with town.world.open() as ctx:
            assert journeys.enrol(ctx, journey.journey_id, [person], f"try {hours}") == entered
        town.drain()


def test_paused_people_wait_and_stopped_ones_leave(town: Town) -> None:

    first = town.people(2, "上海")
    journey = town.start({"id": "w", "kind": "wait", "for": "1h"}, {"id": "s", **SEND})
    with town.world.open() as ctx:
        journeys.pause(ctx, journey.journey_id)
    later = town.people(1, "上海")
    town.drain()
    town.wait(hours=2)
    assert town.where(journey) == dict.fromkeys(first, ("w", "time")) | dict.fromkeys(later, ("w", None))
    with town.world.open() as ctx:
        journeys.start(ctx, journey.journey_id)
    town.drain()
    assert set(town.where(journey).values()) == {("s", "outcome")}
    with town.world.open() as ctx:
        journeys.stop(ctx, journey.journey_id)
    town.drain()
    assert {what for _, what in town.where(journey).values()} == {"stopped"}
    assert {row.state for row in town.requests()} == {"not_sent"}
    with town.world.open() as ctx:
        assert queries.journey(ctx, journey.journey_id).state == "stopped"
        with pytest.raises(WrongState):
            journeys.start(ctx, journey.journey_id)


def test_a_stopped_journey_takes_no_segment_away_from_another_one(town: Town) -> None:
    with town.world.open() as ctx:
        condition = {"kind": "attribute", "name": "region", "op": "eq", "value": "上海"}
        segment_id = segments.save(ctx, name="上海人群", condition=condition)
    wait = {"id": "w", "kind": "wait", "for": "1h"}
    one = town.start(wait, entry={"condition": None, "segment": segment_id}, key="one")
    other = town.start(wait, entry={"condition": None, "segment": segment_id}, key="other")
    with town.world.open() as ctx:
        journeys.stop(ctx, one.journey_id)
    town.drain()
    (late,) = town.people(1, "上海")
    town.drain()
    assert late not in town.where(one)
    assert town.where(other)[late] == ("w", "time")


def test_people_inside_keep_their_version(town: Town) -> None:

    first = town.people(1, "上海")
    journey = town.start({"id": "w", "kind": "wait", "for": "1h"}, {"id": "old", "kind": "exit", "reason": "old"})
    with town.world.open() as ctx:
        data = queries.version(ctx, journey.journey_id).definition
        assert journeys.apply(ctx, data).version == 1, "nothing changed"
        data = data | {"steps": [{"id": "new", "kind": "exit", "reason": "new"}]}
        assert journeys.apply(ctx, data).version == 2
    second = town.people(1, "上海")
    town.wait(hours=1)
    assert town.where(journey) == {first[0]: ("old", "old"), second[0]: ("new", "new")}


def test_loops_with_a_wait_go_on_and_catch_up(town: Town) -> None:
    (person,) = town.people(1, "上海")
    journey = town.start(
        {"id": "w", "kind": "wait", "for": "1d"},
        {
            "id": "b",
            "kind": "branch",
            "when": {"kind": "event", "type": "order_paid"},
            "on_yes": "x",
            "on_no": "w",
        },
        {"id": "x", "kind": "exit"},
    )
    town.wait(days=3)
    assert town.where(journey)[person] == ("w", "time")
    due = town.world.value("select due_at from enrolment")
    assert due == town.world.now + timedelta(days=1)
    town.event("order_paid", person)
    town.wait(days=1)
    assert town.where(journey)[person] == ("x", "exit")


def test_what_gives_a_tag_names_the_journeys_that_set_it(town: Town) -> None:
    with town.world.open() as ctx:
        given, taken = tags.ensure(ctx, "意向/高"), tags.ensure(ctx, "意向/低")
    journey = town.start(
        {"id": "hot", "kind": "set_tag", "tag": "意向/高"}, {"id": "cool", "kind": "remove_tag", "tag": "意向/低"}
    )
    with town.world.open() as ctx:
        assert [one.name for one in queries.gives_tags(ctx)[given]] == ["J"]
        assert taken not in queries.gives_tags(ctx)
        journeys.stop(ctx, journey.journey_id)
        assert queries.gives_tags(ctx) == {}
