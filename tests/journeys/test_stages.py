"""Stage journeys: pieces at times of each person's own entry, moves by behaviour and by hand, orders."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.customers import queries as timeline
from siyu.customers.types import NewOrder
from siyu.journeys import actions, files, http, moves, queries
from siyu.journeys.definition import parse
from siyu.journeys.types import BadJourney, Journey, NotMovable, UnknownStage, WrongState
from siyu.kernel.ctx import Actor
from siyu.kernel.db import ids_of
from siyu.platforms import actions as platforms
from siyu.runtime import uses
from siyu.segments import actions as segments
from siyu.segments import queries as segment_queries
from siyu.segments.types import BadCondition
from tests.journeys.town import Town
from tests.support.http import room_client
from tests.support.world import ZONE, World

EXAMPLES = Path(__file__).parents[2] / "examples" / "journeys"
ROUTES = {"routes": ["oa_custom"]}
CLICKED = {"kind": "event", "type": "link_clicked", "since": "entered"}
SILENT = {"not": {"kind": "event", "type": "message_received", "since": "entered"}}


def piece(name: str, **more: Any) -> dict[str, Any]:
    when = {} if {"at", "part"} & more.keys() else {"at": "22:00"}
    return {"id": name, "text": name, **ROUTES, **when, **more}


STAGES: list[dict[str, Any]] = [
    {
        "id": "aware",
        "name": "认知",
        "enter": [{"reason": "silent", "from": ["keen"], "after": "7d", "when": SILENT}],
        "pieces": [piece("hello", at="09:00"), piece("case"), piece("faq")],
    },
    {
        "id": "keen",
        "name": "有兴趣",
        "every": 3,
        "enter": [{"reason": "clicked", "when": CLICKED}],
        "pieces": [piece("price", part="evening"), piece("demo", part="morning")],
    },
]


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def start(town: Town, stages: list[dict[str, Any]] = STAGES, **more: Any) -> Journey:
    return town.start(stages=stages, **more)


def asked(town: Town) -> list[tuple[int, str, str]]:
    """Who was to be sent what, at which local time."""
    rows = town.world.rows(
        "select r.customer_id, m.origin_node, r.asked_at from outreach_request r join outreach_message m"
        " using (message_id) order by r.asked_at, r.customer_id"
    )
    return [(row.customer_id, row.origin_node, f"{row.asked_at.astimezone(ZONE):%d %H:%M}") for row in rows]


def until(town: Town, text: str) -> None:
    """Live on, from due time to due time, until a local time of March 2026."""
    goal = datetime.fromisoformat(f"2026-03-{text}").replace(tzinfo=ZONE)
    while True:
        due = town.world.value("select min(due_at) from enrolment where state = 'active' and due_at is not null")
        if due is None or due > goal:
            break
        town.world.clock.move_to(max(due, town.world.now))
        town.drain()
    town.world.clock.move_to(goal)
    town.drain()


def stages_of(town: Town) -> dict[int, str]:
    rows = town.world.rows("select customer_id, stage from enrolment where state = 'active'")
    return {row.customer_id: row.stage for row in rows}


def told(town: Town) -> list[tuple[str, ...]]:
    rows = town.world.rows("select props from event where type = 'stage_moved' order by event_id")
    return [tuple(row[0][name] for name in ("from", "to", "why", "by")) for row in rows]


def test_a_sequence_runs_on_the_clock_of_each_person_and_late_pieces_shift_nothing(town: Town) -> None:
    (early,) = town.people(1, "上海")
    journey = start(town)
    assert journey.kind == "stages"
    until(town, "02 22:40")
    (late,) = town.people(1, "上海")
    town.drain()
    until(town, "06 12:00")
    assert asked(town) == [
        (early, "hello", "02 09:00"),
        (early, "case", "03 22:00"),
        (late, "case", "03 22:00"),
        (early, "faq", "04 22:00"),
        (late, "faq", "04 22:00"),
    ]
    with town.world.open() as ctx:
        (life,) = queries.why(ctx, late)
    assert [(step.node, step.edge) for step in life.steps] == [
        ("aware", "entered"),
        ("hello", "begun"),
        ("case", "entered_late"),
        ("faq", "asked"),
        ("aware_rest", "asked"),
    ]
    with town.world.open() as ctx:
        wave = queries.wave(ctx, journey.journey_id)
    assert {node.id: node.here for node in wave.nodes if node.here} == {"aware_rest": 2}
    assert wave.active == 2


def test_behaviour_moves_up_swaps_the_sequence_and_withdraws_what_waits(town: Town) -> None:
    (person,) = town.people(1, "上海")
    start(town)
    assert [row.state for row in town.requests()] == ["waiting"]
    town.wait(minutes=5)
    town.event("link_clicked", person)
    town.drain()
    assert [(row.node, row.state, row.detail) for row in town.requests()] == [("hello", "not_sent", "stage_left")]
    assert stages_of(town) == {person: "keen"}
    (move,) = told(town)
    assert move[:3] == ("aware", "keen", "clicked")
    assert move[3].startswith("journey:j/")
    until(town, "08 12:00")
    assert asked(town)[1:] == [(person, "price", "02 20:30"), (person, "demo", "05 08:00")]


def test_silence_moves_down_though_nothing_happens(town: Town) -> None:
    (person,) = town.people(1, "上海")
    start(town)
    town.wait(minutes=5)
    town.event("link_clicked", person)
    town.drain()
    until(town, "09 09:04")
    assert stages_of(town) == {person: "keen"}
    until(town, "09 09:06")
    assert stages_of(town) == {person: "aware"}
    assert [move[:3] for move in told(town)] == [("aware", "keen", "clicked"), ("keen", "aware", "silent")]
    edges = {(edge.source, edge.edge, edge.target): edge.count for edge in waved(town).edges if edge.count}
    assert edges["case", "move:clicked", "keen"] == 1
    assert edges["keen_rest", "move:silent", "aware"] == 1


def waved(town: Town) -> Any:
    with town.world.open() as ctx:
        return queries.wave(ctx, queries.by_key(ctx, "j").journey_id)


def test_by_hand_all_are_moved_or_nobody(town: Town) -> None:
    first, second, third = town.people(3, "上海")
    (stranger,) = town.people(1)
    journey = start(town)
    with town.world.open(Actor("staff", "staff:7", 7)) as ctx:
        assert moves.by_hand(ctx, journey.journey_id, [first, second], "keen", "约了演示") == 2
        with pytest.raises(NotMovable) as absent:
            moves.by_hand(ctx, journey.journey_id, [third, stranger], "keen", "x")
        with pytest.raises(NotMovable) as there:
            moves.by_hand(ctx, journey.journey_id, [first, third], "keen", "x")
        with pytest.raises(UnknownStage):
            moves.by_hand(ctx, journey.journey_id, [third], "none", "x")
    assert (absent.value.field, absent.value.detail) == ("customers", {"customers": [stranger]})
    assert (there.value.field, there.value.detail) == ("stage", {"customers": [first]})
    assert stages_of(town) == {first: "keen", second: "keen", third: "aware"}
    assert set(told(town)) == {("aware", "keen", "by_hand", "staff:7")}
    notes = town.world.rows("select distinct props ->> 'note' from event where type = 'stage_moved'")
    assert [row[0] for row in notes] == ["约了演示"]
    town.drain()
    assert stages_of(town)[first] == "keen"
    with town.world.open() as ctx:
        actions.stop(ctx, journey.journey_id)
        with pytest.raises(WrongState):
            moves.by_hand(ctx, journey.journey_id, [third], "keen", "x")


def test_moves_over_http(town: Town) -> None:
    people = town.people(2, "上海")
    base = f"/api/journeys/{start(town).journey_id}"
    client = room_client(town.world, http.router, may=("journeys.read", "journeys.write"))
    body = {"customers": people, "stage": "keen", "reason": "来电咨询"}
    assert client.post(f"{base}/moves", json=body).json() == {"moved": 2}
    again = client.post(f"{base}/moves", json=body)
    assert (again.status_code, again.json()["code"], again.json()["field"]) == (409, "not_movable", "stage")
    assert client.post(f"{base}/moves", json=body | {"stage": "none"}).json()["code"] == "unknown_stage"
    inside = client.get(f"{base}/enrolments", params={"stage": "keen", "active": True}).json()["items"]
    assert {one["customer_id"] for one in inside} == set(people)
    assert client.get(f"{base}/enrolments", params={"stage": "aware"}).json()["items"] == []


def order(town: Town, number: str, customer_id: int) -> None:
    with town.world.open() as ctx:
        when = ctx.now
        customers.save_orders(ctx, [NewOrder("shop", number, customer_id, 19900, "CNY", "paid", when, when)])
    town.drain()


def test_an_order_ends_the_sales_sequence_and_starts_the_honeymoon(town: Town) -> None:
    buyer, other = town.people(2, "上海")
    paid = {"kind": "event", "type": "order_paid", "since": "entered"}
    start(town, goals=[{"name": "ordered", "when": paid}])
    days = [piece(f"day{n}", at="20:00") for n in range(1, 8)]
    honeymoon = town.start(
        key="honeymoon",
        stages=[{"id": "honeymoon", "name": "蜜月期", "pieces": days}],
        entry={"condition": {"kind": "order", "count": {"ge": 1}, "within": "1d"}, "existing": False},
    )
    until(town, "03 15:00")
    order(town, "1", buyer)
    until(town, "12 12:00")
    sent = asked(town)
    assert [row[1:] for row in sent if row[0] == buyer] == [
        ("hello", "02 09:00"),
        *((f"day{n}", f"{n + 2:02} 20:00") for n in range(1, 8)),
    ]
    assert [row[1] for row in sent if row[0] == other] == ["hello", "case", "faq"]
    assert town.where(honeymoon) == {buyer: ("honeymoon_rest", "rest")}
    assert waved(town).goals == {"ordered": 1}


def test_an_end_withdraws_what_a_stage_still_has_asked_for(town: Town) -> None:
    (person,) = town.people(1, "上海")
    start(town, exit_rules=[{"reason": "lost", "when": {"kind": "event", "type": "unfollowed", "since": "entered"}}])
    town.wait(minutes=1)
    town.event("unfollowed", person)
    town.drain()
    assert [(row.node, row.state, row.detail) for row in town.requests()] == [("hello", "not_sent", "journey_ended")]


def test_what_a_paused_journey_missed_is_passed_not_poured_out(town: Town) -> None:
    (person,) = town.people(1, "上海")
    journey = start(town)
    with town.world.open() as ctx:
        actions.pause(ctx, journey.journey_id)
    town.wait(days=30)
    with town.world.open() as ctx:
        actions.start(ctx, journey.journey_id)
    town.drain()
    assert [row[1] for row in asked(town)] == ["hello"]
    with town.world.open() as ctx:
        (life,) = queries.why(ctx, person)
    assert [step.edge for step in life.steps][-2:] == ["too_late", "too_late"]


def test_faults_name_stage_and_piece(town: Town) -> None:
    stages: list[dict[str, Any]] = [
        {
            "id": "one",
            "name": "一",
            "enter": [{"reason": "x", "when": {"kind": "teleport"}}],
            "pieces": [
                piece("a", content="missing"),
                {"id": "b", "text": "b", **ROUTES},
                piece("c", day=0),
                {"id": "d", "text": "d", "at": "25:00", "routes": ["pigeon"]},
            ],
        },
        {"id": "two", "name": "二", "enter": [{"reason": "y", "from": ["none"], "when": CLICKED}]},
    ]
    with pytest.raises(BadJourney) as form:
        parse({"key": "j", "name": "J", "entry": {"segment": 1}, "stages": stages})
    fields = {error["field"] for error in errors(form.value)}
    assert fields == {
        "stages.one.pieces.a",
        "stages.one.pieces.b",
        "stages.one.pieces.c.day",
        "stages.one.pieces.d.at",
        "stages.one.pieces.d.routes.0.route",
    }
    stages[0]["pieces"] = [piece("a", routes=["oa_custom"]) | {"content": "missing"}, piece("one"), piece("two_rest")]
    del stages[0]["pieces"][0]["text"]
    entry = {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "上海"}}
    with town.world.open() as ctx, pytest.raises(BadJourney) as names:
        actions.apply(ctx, {"key": "j", "name": "J", "entry": entry, "stages": stages})
    assert {error["field"] for error in errors(names.value)} == {
        "stages.one.enter",
        "stages.one.enter.0.when.kind",
        "stages.one.pieces.a.content",
        "stages.one.pieces.one.id",
        "stages.two.id",
        "stages.two.enter.0.from.0",
    }
    assert town.world.value("select count(*) from journey") == 0
    with pytest.raises(BadJourney, match="not both"):
        parse({"key": "j", "name": "J", "entry": entry, "stages": [], "steps": []})


def errors(fault: BadJourney) -> Any:
    return fault.detail["errors"]


def test_a_person_in_memory_is_on_the_timeline_with_day_one_in_the_stage(town: Town) -> None:
    """The entry into a stage is the base of its days, whatever day it was in the journey."""
    (person,) = town.people(1, "上海")
    start(town)
    until(town, "05 12:00")
    town.event("link_clicked", person)
    town.drain()
    until(town, "05 21:00")
    assert asked(town)[-1] == (person, "price", "05 20:30")
    with town.world.open() as ctx:
        types = [event.type for event in timeline.facts(ctx, [person])[person].events]
    assert "stage_moved" in types
    assert town.world.value("select anchor from enrolment") < town.world.now - timedelta(hours=8)


def test_the_condition_stage_opens_a_door_elsewhere(town: Town) -> None:
    uses.register()
    first, second = town.people(2, "上海")
    journey = start(town)
    keen = {"kind": "stage", "journey": "j", "stage": ["keen"]}
    town.start({"id": "x", "kind": "wait", "for": "9d"}, key="other", entry={"condition": keen, "existing": False})
    with town.world.open() as ctx:
        segment_id = segments.save(ctx, name="有兴趣的人", condition=keen)
        moves.by_hand(ctx, journey.journey_id, [second], "keen", "x")
    town.drain()
    with town.world.open() as ctx:
        other = queries.by_key(ctx, "other")
        assert town.where(other) == {second: ("x", "time")}
        assert [ctx.tx.execute(segment_queries.members(ctx, segment_id)).scalars().all()] == [[second]]
        parsed = segment_queries.parse(ctx, keen)
        facts = segment_queries.facts(ctx, parsed, ids_of([first, second]))
        held = {who: segment_queries.evaluate(parsed, known, ctx.now, ctx.zone).result for who, known in facts.items()}
        assert held == {first: False, second: True}
        assert segment_queries.named(ctx, parsed) == keen
    with town.world.open() as ctx:
        moves.by_hand(ctx, journey.journey_id, [second], "aware", "x")
    town.drain()
    assert town.world.rows("select 1 from segment_member where segment_id = :s", s=segment_id) == []
    for wrong, field in (
        ({"journey": "none"}, "journey"),
        ({"stage": "none"}, "stage"),
        ({"journey": "other"}, "journey"),
    ):
        with town.world.open() as ctx, pytest.raises(BadCondition) as refused:
            segment_queries.parse(ctx, keen | wrong)
        assert refused.value.field == field


@pytest.mark.parametrize("trade", ["tob-software", "education", "retail"])
def test_the_examples_are_whole_journeys_with_their_texts(town: Town, trade: str) -> None:
    path = EXAMPLES / f"stages-{trade}.yaml"
    with town.world.open() as ctx:
        platforms.save_account(ctx, kind="wecom", key="ww0123456789abcdef-1000002", name="企业微信", secret="s")
        definition = files.load(path.read_text(encoding="utf-8"))
        journey = actions.start(ctx, files.apply(ctx, path.read_text(encoding="utf-8")).journey_id)
        program = queries.program(ctx, journey.journey_id, 1)
    assert len(definition.stages) >= 3
    assert all(7 <= len(stage.pieces) <= 8 for stage in definition.stages)
    texts = [piece.text or "" for stage in definition.stages for piece in stage.pieces]
    assert all(30 <= len(text) <= 200 for text in texts)
    assert len(set(texts)) == len(texts)
    assert {rule.target for rule in program.moves} >= {stage.id for stage in definition.stages[1:]}


def test_what_a_salesperson_confirms_is_planned_for_its_part_of_the_day(town: Town) -> None:
    with town.world.open() as ctx:
        platforms.save_account(ctx, kind="wecom", key="ww0123456789abcdef-1000002", name="企业微信", secret="s")
    (person,) = town.people(1, "上海")
    noon = piece("noon", day=2, part="noon", routes=["moments"])
    night = piece("night", day=2, at="22:00", routes=["wecom_group_send", "kf"])
    pieces = [noon, night]
    start(town, [{"id": "one", "name": "一", "pieces": pieces}])
    until(town, "03 23:00")
    assert asked(town) == [(person, "noon", "03 10:00"), (person, "night", "03 18:30")]
    choices = town.world.rows("select route, part from outreach_choice order by message_id, choice")
    assert [tuple(row) for row in choices] == [("moments", "noon"), ("wecom_group_send", "evening"), ("kf", None)]
