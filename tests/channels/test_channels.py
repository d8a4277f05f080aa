"""Channels without a platform: the condition, links, costs and figures, versions, what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.channels import queries
from siyu.channels.http import router
from siyu.channels.types import Cost
from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record, Touch
from siyu.kernel.db import ids_of
from siyu.lifecycle import actions as lifecycle
from siyu.platforms import actions as platforms
from siyu.runtime import uses, worker
from siyu.runtime.house import House
from siyu.segments import queries as segments
from siyu.tags import actions as tags
from siyu.tags import queries as tag_queries
from siyu.tags.types import TagInUse
from siyu.team import actions as team
from tests.support.http import room_client
from tests.support.world import ZONE, World

LINK = {"name": "微博", "target": "https://a.cn/p?x=1&utm_source=old#top"}


def ask(world: World, method: str, path: str, body: object = None, *, status: int = 200, **query: Any) -> Any:
    answer = room_client(world, router).request(method, f"/api/channels{path}", json=body, params=query)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def link(world: World, state: str = "weibo", **definition: Any) -> int:
    body = {"kind": "link", "state": state, "definition": LINK | definition}
    made: int = ask(world, "POST", "", body, status=201)["channel_id"]
    return made


def come(world: World, name: str, *touches: tuple[str, str]) -> int:
    """Somebody comes, by one touch after another, a minute apart."""
    found = 0
    for kind, code in touches:
        with world.open() as ctx:
            identity = Identity("crm_id", name, "crm")
            found = customers.identify(
                ctx, [Record("crm", f"{name}:{kind}:{code}", (identity,), ctx.now, touch=Touch(kind, code))]
            )[0]
        world.wait(minutes=1)
    return found


def rest(world: World) -> None:
    worker.drain(House(world.engine, world.clock, ZONE, {}))


def test_the_condition_means_the_same_over_all_over_some_and_in_memory(world: World) -> None:
    first, second = link(world), link(world, "zhihu")
    a = come(world, "a", ("url", "weibo"))
    b = come(world, "b", ("url", "weibo"), ("url", "zhihu"))
    c = come(world, "c", ("oa_scene", "weibo"), ("url", "elsewhere"))
    everybody = {a, b, c}
    expected = {
        (None, "first"): {a, b},
        (("weibo",), "first"): {a, b},
        (("zhihu",), "first"): set(),
        (("zhihu", "weibo"), "latest"): {a, b},
        ((first,), "latest"): {a},
        ((second,), "latest"): {b},
    }
    with world.open() as ctx:
        for (asked, touch), who in expected.items():
            given_condition = {"kind": "channel", "touch": touch} | ({"channel": list(asked)} if asked else {})
            for condition, meant in (
                (segments.parse(ctx, given_condition), who),
                (segments.parse(ctx, {"not": given_condition}), everybody - who),
            ):
                assert segments.count(ctx, condition) == len(meant)
                some = segments.within(ctx, condition, ids_of(sorted(everybody)))
                assert set(ctx.tx.execute(some).scalars()) == meant
                assert {one for one in everybody if segments.explain(ctx, condition, one).result} == meant
        named = segments.named(ctx, segments.parse(ctx, {"kind": "channel", "channel": [first]}))
        assert named == {"kind": "channel", "channel": ["weibo"]}
        short = segments.parse(ctx, {"kind": "channel", "within": "2m"})
        assert segments.count(ctx, short) == 0


def test_whoever_comes_by_a_link_is_counted_once_for_each_coming(world: World) -> None:
    channel_id = link(world)
    come(world, "a", ("url", "weibo"))
    rest(world)
    come(world, "b", ("oa_scene", "booth"))
    rest(world)
    come(world, "b", ("url", "weibo"))
    rest(world)
    found = ask(world, "GET", "")["items"][0]
    assert found["channel"]["channel_id"] == channel_id
    assert (found["figures"]["arrivals"], found["figures"]["people"]) == (2, 1)
    assert found["channel"]["code"]["url"] == "https://a.cn/p?x=1&utm_source=weibo#top"
    told = world.rows("select props, occurred_at from event where type = 'channel_arrived'")
    assert [one.props["kind"] for one in told] == ["link", "link"]


def test_leads_are_those_who_are_more_than_new_by_now(world: World) -> None:
    channel_id = link(world)
    come(world, "a", ("url", "weibo"))
    b = come(world, "b", ("url", "weibo"))
    rest(world)
    with world.open() as ctx:
        lifecycle.set_level(ctx, [b], "mql", why="聊得很好")
    rest(world)
    ask(world, "POST", f"/{channel_id}/costs", {"since": "2026-03-02", "amount": 900}, status=201)
    listed = ask(world, "GET", "")
    assert listed["lead_levels"] == ["lead", "mql", "sql", "customer", "repeat"]
    found = listed["items"][0]["figures"]
    assert (found["people"], found["leads"], found["cost_per_person"], found["cost_per_lead"]) == (2, 1, 450, 900)
    with world.open() as ctx:
        both = [{"kind": "channel", "channel": ["weibo"]}, {"kind": "lifecycle", "level": listed["lead_levels"]}]
        assert segments.count(ctx, segments.parse(ctx, {"all": both})) == 1


def test_costs_and_what_a_person_cost(world: World) -> None:
    channel_id = link(world)
    come(world, "a", ("url", "weibo"))
    come(world, "b", ("url", "weibo"))
    rest(world)
    monthly = {"since": "2026-03-01", "until": "2026-03-31", "amount": 310_000}
    cost_id = ask(world, "POST", f"/{channel_id}/costs", monthly, status=201)["cost_id"]
    ask(world, "POST", f"/{channel_id}/costs", {"since": "2026-03-01", "amount": 500, "per": "day"}, status=201)

    def figures(**period: str) -> tuple[int, int | None]:
        found = ask(world, "GET", "", status=200, **period)["items"][0]["figures"]
        return found["cost"], found["cost_per_person"]

    assert figures(since="2026-03-02", until="2026-03-02") == (10_500, 5_250)
    assert figures(since="2026-02-01", until="2026-03-31") == (311_000, 155_500)  # per day: up to today
    assert figures(since="2026-02-01", until="2026-02-28") == (0, None)
    ask(world, "DELETE", f"/{channel_id}/costs/{cost_id}", status=204)
    assert figures(since="2026-03-02", until="2026-03-02") == (500, 250)
    assert ask(world, "DELETE", f"/{channel_id}/costs/{cost_id}", status=404)["code"] == "unknown_cost"
    assert [one["removed_at"] is None for one in ask(world, "GET", f"/{channel_id}/costs")] == [True, False]


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(days, st.integers(0, 200), st.integers(1, 10**9), st.lists(days, max_size=5))
def test_the_parts_of_a_cost_add_up_to_it(since: date, length: int, amount: int, cuts: list[date]) -> None:
    until = since + timedelta(days=length)
    cost = Cost(1, 1, since, until, amount, "total", "", None, "", None)  # type: ignore[arg-type]  # times do not count
    edges = sorted({date(2025, 12, 31), *cuts, date(2027, 12, 31)})
    parts = [
        queries.within(cost, before + timedelta(days=1), after, date(2026, 6, 1)) for before, after in pairwise(edges)
    ]
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)


def test_versions_are_kept_and_a_stale_change_is_refused(world: World) -> None:
    channel_id = link(world)
    changed = ask(world, "PUT", f"/{channel_id}", {"version": 1, "definition": LINK | {"hook": "电子书"}})
    assert (changed["version"], changed["definition"]["hook"]) == (2, "电子书")
    stale = ask(world, "PUT", f"/{channel_id}", {"version": 1, "definition": LINK}, status=409)
    assert (stale["code"], stale["detail"]["version"]) == ("channel_changed", 2)
    ask(world, "PUT", f"/{channel_id}", {"version": 2, "definition": LINK | {"hook": "电子书"}})
    history = ask(world, "GET", f"/{channel_id}/history")
    assert [(one["version"], one["definition"]["hook"], one["by"]) for one in history] == [
        (2, "电子书", "staff:1"),
        (1, "", "staff:1"),
    ]
    ask(world, "POST", f"/{channel_id}/archive")
    archived = ask(world, "PUT", f"/{channel_id}", {"version": 3, "definition": LINK}, status=409)
    assert archived["code"] == "channel_archived"
    assert ask(world, "POST", "", {"kind": "link", "state": "weibo", "definition": LINK}, status=409)["code"] == (
        "channel_state_taken"
    )


def test_a_tag_that_a_channel_gives_is_explained_and_not_deleted(world: World) -> None:
    uses.register()
    with world.open() as ctx:
        tag_id = tags.ensure(ctx, "来源/微博")
    link(world, tags=[tag_id])
    with world.open() as ctx:
        assert [one.name for one in tag_queries.givers(ctx)[tag_id]] == ["微博"]
    with pytest.raises(TagInUse) as refused, world.open() as ctx:
        tags.delete(ctx, tag_id)
    assert refused.value.detail["used_by"][0]["name"] == "微博"  # type: ignore[index]


@pytest.mark.parametrize(
    ("kind", "part", "field"),
    [
        ("link", {"rotation": {"members": [{"staff_id": 1}]}}, "rotation"),
        ("link", {"target": ""}, "target"),
        ("link", {"target": "javascript:alert(1)"}, "target"),
        ("link", {"tags": [999]}, "tags.0"),
        ("link", {"room_base_name": "群"}, "room_base_name"),
        ("wecom_live_code", {}, "rotation"),
        (
            "wecom_live_code",
            {"target": "", "rotation": {"members": [{"staff_id": 999}]}},
            "rotation.members.0.staff_id",
        ),
        (
            "wecom_live_code",
            {"target": "", "rotation": {"members": [{"staff_id": 1, "daily_limit": 5}]}},
            "rotation.fallback",
        ),
        ("group_live_code", {"chats": ["wrnone"]}, "chats.0"),
        ("oa_qr", {}, "account_id"),
    ],
)
def test_what_is_refused_names_its_field_and_changes_nothing(
    world: World, kind: str, part: dict[str, Any], field: str
) -> None:
    with world.open() as ctx:
        account = platforms.save_account(ctx, kind="wecom", key="wwa-1", name="企业", config={}, secret="s")
        team.add_staff(ctx, name="张三", roles=["sales"])
    account_id = None if kind == "link" else account
    whole = LINK if kind == "link" else {"name": "展会"}
    body = {"kind": kind, "account_id": account_id, "definition": whole | part}
    refused = ask(world, "POST", "", body, status=422)
    assert refused["field"] == field
    assert world.value("select count(*) from channel") == 0
