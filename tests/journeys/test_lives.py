"""Lives that cross: re-entry, merges and new versions while a send or the taking in is under way."""

from typing import Any

import pytest

from siyu.content import actions as content
from siyu.content.types import ContentUsed
from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record, UnknownCustomer
from siyu.journeys import actions as journeys
from siyu.journeys import entries, queries
from siyu.runtime import uses
from siyu.segments import actions as segments
from tests.journeys.test_merges import crm
from tests.journeys.town import Town
from tests.support.world import World

SEND = {"kind": "send", "text": "hello", "routes": ["oa_custom"]}
STEPS: tuple[dict[str, Any], ...] = (
    {"id": "s", **SEND},
    {"id": "w", "kind": "wait", "for": "1d", "base": "step"},
    {"id": "x", "kind": "exit"},
)


@pytest.fixture
def town(world: World) -> Town:
    return Town(world)


def asked(town: Town) -> list[tuple[int, str, str | None]]:
    return [(row.customer_id, row.state, row.detail) for row in town.requests("s")]


def test_who_enters_anew_is_not_sent_what_the_former_life_still_waited_for(town: Town) -> None:
    (person,) = town.people(1, "上海")
    journey = town.start(*STEPS, entry={"re_entry": "always"})
    town.world.wait(minutes=1)
    with town.world.open() as ctx:
        journeys.enrol(ctx, journey.journey_id, [person], "again")
    town.drain()
    assert asked(town) == [(person, "not_sent", "journey_ended"), (person, "waiting", None)]


def test_two_who_become_one_are_sent_a_text_once_and_after_a_split_each_has_it(town: Town) -> None:
    town.start(*STEPS)
    first, second = crm(town, 1), crm(town, 2)
    crm(town, 1, phone="13800138000")
    crm(town, 2, phone="13800138000")
    assert sorted(row[1] for row in asked(town)) == ["not_sent", "waiting"]
    crm(town, 1, unionid="u1")
    crm(town, 2, unionid="u2")
    waiting = [customer_id for customer_id, state, _ in asked(town) if state == "waiting"]
    assert sorted(waiting) == [first, second], "whose send was withdrawn by the merge is asked for again"
    town.outcome("sent")
    with town.world.open() as ctx:
        (journey,) = queries.journeys(ctx)
        wave = queries.wave(ctx, journey.journey_id)
    assert {node.id: node.here for node in wave.nodes} == {"s": 0, "w": 2, "x": 0}


def test_an_outcome_that_is_told_while_two_are_one_is_known_after_the_split(town: Town) -> None:
    journey = town.start(*STEPS)
    first, second = crm(town, 1), crm(town, 2)
    with town.world.engine.begin() as connection:
        # Both are being sent at this moment: a claimed send is not withdrawn any more.
        connection.exec_driver_sql("update outreach_request set state = 'claimed'")
    crm(town, 1, phone="13800138000")
    crm(town, 2, phone="13800138000")
    with town.world.open() as ctx:
        home = min(first, second)
        for row in town.requests("s"):
            town._record(ctx, "delivery_sent", [home], ctx.now, None, {"request_key": row.key})
    town.drain()
    crm(town, 1, unionid="u1")
    crm(town, 2, unionid="u2")
    assert town.where(journey) == {first: ("w", "time"), second: ("w", "time")}


def known(town: Town, *identities: Identity, **attributes: str) -> None:
    with town.world.open() as ctx:
        customers.identify(ctx, [Record("crm", repr(identities), identities, ctx.now, attributes)])
    town.drain()


def test_a_split_revives_nobody_whose_other_life_went_on_to_its_end(town: Town) -> None:
    town.start(*STEPS)
    union, email = Identity("unionid", "u1"), Identity("email", "a@example.com")
    three = [Identity("crm_id", "c", source) for source in ("one", "two", "three")]
    for one in three:
        known(town, one, region="上海")
    for one in three:
        known(town, one, union)
    (home,) = {row.customer_id for row in town.world.rows("select customer_id from enrolment")}
    for row in town.requests("s"):
        if row.state == "waiting":
            town.event("delivery_sent", home, request_key=row.key)
    town.drain()
    town.wait(days=1)
    ended = town.world.rows("select reason from enrolment order by 1")
    assert [row.reason for row in ended] == ["exit", "merged", "merged"]
    # Somebody who never was in the journey was taken for them, and is another.
    other = Identity("crm_id", "d", "other")
    known(town, other, email)
    known(town, union, email)
    known(town, other, Identity("unionid", "u2"))
    assert town.world.value("select count(*) from event where type = 'split'") > 0
    assert town.world.value("select count(*) from enrolment where state = 'active'") == 0


def test_a_version_that_takes_nobody_in_ends_the_taking_in(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "CHUNK", 2)
    town.people(5, "上海")
    others = town.people(5, "北京")
    entry = {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "上海"}, "existing": True}
    data: dict[str, Any] = {"key": "j", "name": "J", "entry": entry, "steps": list(STEPS)}
    with town.world.open() as ctx:
        journey = journeys.start(ctx, journeys.apply(ctx, data).journey_id)
        north = {"kind": "attribute", "name": "region", "op": "eq", "value": "北京"}
        segment_id = segments.save(ctx, name="北京人群", condition=north)
        journeys.apply(ctx, data | {"entry": {"segment": segment_id}})
    town.drain()
    assert not set(others) & set(town.where(journey))
    with town.world.open() as ctx:
        now = queries.journey(ctx, journey.journey_id)
    assert now.fill_done == now.fill_total, "nothing is being taken in any more"


def test_a_taking_in_that_ends_is_told_as_whole(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "CHUNK", 2)
    people = town.people(5, "上海")
    entry = {"condition": {"kind": "attribute", "name": "region", "op": "eq", "value": "上海"}, "existing": True}
    data: dict[str, Any] = {"key": "j", "name": "J", "entry": entry, "steps": list(STEPS)}
    with town.world.open() as ctx:
        journey = journeys.start(ctx, journeys.apply(ctx, data).journey_id)
        assert journey.fill_total == 5
        customers.erase(ctx, people[4])
    town.drain()
    with town.world.open() as ctx:
        now = queries.journey(ctx, journey.journey_id)
    assert (now.fill_done, now.fill_total) == (4, 4)


def test_a_segment_in_which_an_older_version_still_looks_is_in_use(town: Town) -> None:
    town.people(1, "上海")
    with town.world.open() as ctx:
        north = {"kind": "attribute", "name": "region", "op": "eq", "value": "北京"}
        segment_id = segments.save(ctx, name="北京人群", condition=north)
    branch = {"id": "b", "kind": "branch", "when": {"kind": "segment", "segment": segment_id}}
    journey = town.start(STEPS[1], branch, STEPS[2])
    with town.world.open() as ctx:
        data = queries.version(ctx, journey.journey_id).definition
        journeys.apply(ctx, data | {"steps": [STEPS[1], STEPS[2]]})
        assert [use.name for use in queries.uses_segment(ctx, segment_id)] == ["J"]
    town.wait(days=1)
    with town.world.open() as ctx:
        assert queries.uses_segment(ctx, segment_id) == [], "nobody stands in that version any more"


def test_a_content_that_a_running_journey_sends_is_not_archived(town: Town) -> None:
    uses.register()
    with town.world.open() as ctx:
        used = content.save_content(ctx, key="hi", kind="text", title="您好", body={"text": "您好"}, publish=True)
    journey = town.start({"id": "s", "kind": "send", "content": "hi", "routes": ["oa_custom"]}, STEPS[2])
    with town.world.open() as ctx:
        with pytest.raises(ContentUsed) as refused:
            content.archive(ctx, used.content_id)
        assert refused.value.detail["used_by"] == [{"kind": "journey", "id": journey.journey_id, "name": "J"}]
        journeys.stop(ctx, journey.journey_id)
        content.archive(ctx, used.content_id)


def test_nobody_enters_who_does_not_exist(town: Town) -> None:
    (person,) = town.people(1)
    journey = town.start(*STEPS)
    with town.world.open() as ctx, pytest.raises(UnknownCustomer):
        journeys.enrol(ctx, journey.journey_id, [person, 999_999], "hand")
    town.drain()
    assert town.where(journey) == {}
