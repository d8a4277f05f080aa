"""The head of a journey and its rules: who is moved again, what an order that is given back ends, what goes first."""

from datetime import timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from siyu.customers import actions as customers
from siyu.customers.types import NewOrder
from siyu.journeys import actions
from siyu.journeys.definition import parse
from siyu.journeys.types import BadJourney
from siyu.kernel.db import ids_of
from siyu.tags import actions as tags
from tests.journeys.test_stages import EXAMPLES, piece, stages_of, start, told, until
from tests.journeys.town import Town
from tests.support.world import World


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def test_two_rules_that_both_hold_move_nobody_to_and_fro(town: Town) -> None:
    with town.world.open() as ctx:
        hot, cold = tags.ensure(ctx, "意向/高"), tags.ensure(ctx, "意向/冷")
    down = {"reason": "cold", "from": ["keen"], "when": {"kind": "tag", "tag": "意向/冷"}}
    up = {"reason": "hot", "when": {"kind": "tag", "tag": "意向/高"}}
    (person,) = town.people(1, "上海")
    start(
        town,
        [
            {"id": "aware", "name": "认知", "enter": [down], "pieces": [piece("hello", at="09:30"), piece("case")]},
            {"id": "keen", "name": "有兴趣", "enter": [up], "pieces": [piece("price", at="10:00", day=1)]},
        ],
    )
    with town.world.open() as ctx:
        for tag_id in (hot, cold):
            tags.add(ctx, tag_id=tag_id, who=ids_of([person]), why="test")
    town.drain()
    until(town, "08 12:00")
    assert [move[2] for move in told(town)] == ["hot", "cold"]
    with town.world.open() as ctx:
        tags.remove(ctx, tag_id=cold, who=ids_of([person]), why="test")
    town.drain()
    with town.world.open() as ctx:
        tags.remove(ctx, tag_id=hot, who=ids_of([person]), why="test")
    town.wait(hours=1)
    with town.world.open() as ctx:
        tags.add(ctx, tag_id=hot, who=ids_of([person]), why="test")
    town.drain()
    assert stages_of(town) == {person: "keen"}, "a new tag is a new reason"


def order(town: Town, who: int, status: Any, number: str = "1", ago: timedelta = timedelta(minutes=1)) -> None:
    with town.world.open() as ctx:
        at = ctx.now - ago
        customers.save_orders(ctx, [NewOrder("shop", number, who, 19900, "CNY", status, at, at)])
    town.drain()


def test_the_honeymoon_of_the_example_ends_only_with_the_last_order_that_stands(town: Town) -> None:
    data = yaml.safe_load((EXAMPLES / "stages-after-the-deal.yaml").read_text(encoding="utf-8"))
    data["stages"] = [stage | {"pieces": []} for stage in data["stages"]]
    returned, two, old = town.people(3)
    with town.world.open() as ctx:
        actions.start(ctx, actions.apply(ctx, data).journey_id)
    order(town, old, "paid", "0", timedelta(days=700))
    order(town, returned, "paid", "1")
    order(town, two, "paid", "2")
    assert stages_of(town) == {returned: "honeymoon", two: "honeymoon"}
    town.wait(days=1)
    order(town, two, "paid", "3")
    order(town, two, "refunded", "2", timedelta())
    order(town, returned, "cancelled", "1", timedelta())
    assert stages_of(town).keys() == {two}
    order(town, two, "refunded", "3", timedelta())
    assert stages_of(town) == {}
    town.wait(days=30)
    order(town, returned, "paid", "4")
    assert stages_of(town) == {returned: "honeymoon"}, "the next order begins anew"
    ends = town.world.rows("select reason from enrolment where reason is not null order by reason")
    assert [row.reason for row in ends] == ["cancelled", "refunded"]


def test_priority_goes_to_outreach_and_the_entry_has_a_name_that_people_read(town: Town) -> None:
    town.people(1, "上海")
    steps: tuple[dict[str, Any], ...] = ({"id": "s", "kind": "send", "text": "hello", "routes": ["oa_custom"]},)
    town.start(*steps, key="high", name="新客", priority=8)
    town.start(*steps, key="plain")
    ranks = town.world.rows(
        "select m.origin_id, r.priority from outreach_request r join outreach_message m"
        " using (message_id) order by r.priority"
    )
    assert [row.priority for row in ranks] == [0, 3]
    assert town.world.value("select name from segment where name like '%high%'") == "进入旅程「新客」（high）"


def test_a_tag_that_only_its_platform_gives_is_refused_when_the_journey_is_saved(town: Town) -> None:
    with town.world.open() as ctx:
        tag_id = tags.ensure(ctx, "规则/金")
        link = "insert into tag_link (account_id, tag_id, name, rights, problem) values (1, :t, '金', 'read', '')"
        ctx.tx.execute(text(link), {"t": tag_id})
    entry = {"condition": {"kind": "follow"}}
    steps = [
        {"id": "a", "kind": "set_tag", "tag": "规则/金"},
        {"id": "b", "kind": "remove_tag", "tag": "规则/金"},
    ]
    with town.world.open() as ctx, pytest.raises(BadJourney) as refused:
        actions.validate(ctx, parse({"key": "j", "name": "J", "entry": entry, "steps": steps}))
    errors: Any = refused.value.detail["errors"]
    assert {error["field"] for error in errors} == {"steps.a.tag", "steps.b.tag"}


def test_the_event_that_moves_somebody_up_counts_for_the_rule_that_it_fulfilled_alone(town: Town) -> None:
    """``since: entered`` begins with the stage: what brought somebody into it does not lead further by itself."""
    clicked = {"kind": "event", "type": "link_clicked", "since": "entered"}
    stages = [
        {"id": "one", "name": "一", "pieces": [piece("first")]},
        {"id": "two", "name": "二", "enter": [{"reason": "again", "when": clicked}], "pieces": [piece("second")]},
        {"id": "three", "name": "三", "enter": [{"reason": "more", "from": ["two"], "when": clicked}]},
    ]
    (person,) = town.people(1, "上海")
    start(town, stages)
    town.wait(hours=1)
    town.event("link_clicked", person)
    town.drain()
    assert stages_of(town) == {person: "two"}
    town.wait(hours=1)
    town.event("link_clicked", person)
    town.drain()
    assert stages_of(town) == {person: "three"}
