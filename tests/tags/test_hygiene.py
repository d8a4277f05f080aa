"""What of the taxonomy wants tidying, and where each tag comes from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import ids_of
from siyu.tags import actions, http, hygiene, queries
from siyu.tags.types import Use
from tests.support.http import room_client
from tests.support.statements import Statements
from tests.support.world import World


def people(ctx: Ctx, count: int) -> list[int]:
    records = [Record("test", str(n), (Identity("unionid", f"u{n}"),), ctx.now) for n in range(count)]
    return customers.identify(ctx, records)


def test_unused_unexplained_and_stale_tags_are_listed(ctx: Ctx) -> None:
    ids = people(ctx, 3)
    group = actions.create_group(ctx, "意向")
    unused = actions.create_tag(ctx, group, "没人有", "只有说明")
    stale = actions.create_tag(ctx, group, "很久没打", "说明")
    fresh = actions.create_tag(ctx, group, "常打", "  ")
    ruled = actions.create_tag(ctx, group, "规则打的")
    retired = actions.create_tag(ctx, group, "停用的")
    actions.register_giving("test", lambda _ctx: {ruled: [Use("tag_rule", 4, "近期活跃")]})
    for tag in (stale, fresh, ruled):
        actions.add(ctx, tag_id=tag, who=ids_of(ids[:2]), why="first")
    actions.retire(ctx, retired)
    later = replace(ctx, now=ctx.now + timedelta(days=30))
    actions.remove(later, tag_id=stale, who=ids_of(ids[:1]), why="taken is not given")
    for tag in (fresh, ruled):
        actions.add(later, tag_id=tag, who=ids_of(ids), why="again")
    found = hygiene.look(later, 30)
    assert (found.unused, found.unexplained, found.stale) == ((unused,), (fresh,), (stale,))
    assert hygiene.look(later, 31).stale == ()
    assert queries.last_given(ctx) == {stale: ctx.now, fresh: later.now, ruled: later.now}
    actions.register_giving("test", lambda _ctx: {})
    assert hygiene.look(later, 30).unexplained == (fresh, ruled)


def test_two_tags_that_nearly_the_same_people_carry_are_found(ctx: Ctx, statements: Statements) -> None:
    ids = people(ctx, 12)
    one, same, part, few, few_too = (actions.ensure(ctx, f"行业/{name}") for name in ("一", "同", "半", "少", "亦少"))
    for tag, who in ((one, ids[:10]), (same, ids[1:11]), (part, ids[4:]), (few, ids[:2]), (few_too, ids[:2])):
        actions.add(ctx, tag_id=tag, who=ids_of(who), why="x")
    (found,) = hygiene.look(ctx, 90).overlapping
    assert (found.tag_id, found.other_id, found.both, found.of_tag, found.of_other) == (one, same, 9, 10, 10)
    assert found.share == pytest.approx(9 / 11)
    assert hygiene.look(ctx, 90).sampled is False
    statements.reset()
    hygiene.look(ctx, 90)
    asked = statements.count
    for n in range(20):
        tag = actions.ensure(ctx, f"更多/{n}")
        actions.add(ctx, tag_id=tag, who=ids_of(ids), why="x")
    statements.reset()
    assert len(hygiene.look(ctx, 90).overlapping) == hygiene.MOST_OVERLAPS
    assert statements.count == asked
    actions.retire(ctx, same)
    assert same not in {one.other_id for one in hygiene.look(ctx, 90).overlapping}


def test_of_very_many_people_a_sample_is_looked_at(ctx: Ctx, monkeypatch: pytest.MonkeyPatch) -> None:
    one, same = actions.ensure(ctx, "行业/一"), actions.ensure(ctx, "行业/同")
    monkeypatch.setattr(hygiene, "MOST_PEOPLE", 2_000)
    rows = f"select n, case when n % 2 = 0 then array[{one}, {same}] else array[{one + same}] end"
    ctx.tx.execute(text(f"insert into customer_tags {rows} from generate_series(1, 30000) n"))
    found = hygiene.look(ctx, 90)
    assert found.sampled is True
    assert 200 < found.people < 10_000
    assert [(pair.tag_id, pair.other_id, pair.share) for pair in found.overlapping] == [(one, same, 1.0)]
    assert hygiene.look(ctx, 90) == found


def test_a_tag_says_who_gave_and_took_it_and_what_needs_it(world: World) -> None:
    client: TestClient = room_client(world, http.router)
    with world.open() as ctx:
        ids = people(ctx, 3)
        tag = actions.ensure(ctx, "意向/高")
        other = actions.ensure(ctx, "意向/很高")
        actions.add(ctx.acting(Actor("rule", "journey:wave")), tag_id=tag, who=ids_of(ids), why="replied")
    taken = client.post(f"/api/tags/{tag}/remove", json={"customer_ids": ids[:1], "why": "冷了"})
    assert taken.status_code == 200
    first = client.get(f"/api/tags/{tag}/changes", params={"limit": 1}).json()
    (change,) = first["items"]
    assert (change["added"], change["customers"], change["by"], change["why"]) == (False, 1, "staff:1", "冷了")
    rest = client.get(f"/api/tags/{tag}/changes", params={"limit": 1, "cursor": first["next"]}).json()
    assert [(one["added"], one["customers"], one["by"]) for one in rest["items"]] == [(True, 3, "journey:wave")]
    assert rest["next"] is None
    assert client.get(f"/api/tags/{10**8}/changes").status_code == 404

    actions.register_use("test", lambda _ctx, tag_id: [Use("segment", 5, "高意向")] if tag_id == tag else [])
    used = client.get(f"/api/tags/{tag}/uses").json()
    assert used == {"items": [{"kind": "segment", "id": 5, "name": "高意向"}]}
    refused = client.post(f"/api/tags/{tag}/merge", json={"into": other})
    assert (refused.status_code, refused.json()["detail"]["used_by"][0]["name"]) == (409, "高意向")
    actions.register_use("test", lambda _ctx, _tag_id: [])
    assert client.post(f"/api/tags/{tag}/merge", json={"into": other}).json() == {"changed": 2}
    again = client.post(f"/api/tags/{tag}/merge", json={"into": other})
    assert (again.status_code, again.json()["code"]) == (409, "tag_merged")
    assert client.patch(f"/api/tags/{tag}", json={"retired": False}).json()["code"] == "tag_merged"
    listed = {one["tag_id"]: one for one in client.get("/api/tags").json()["groups"][0]["tags"]}
    assert (listed[tag]["merged_into"], listed[tag]["retired"], listed[tag]["customers"]) == (other, True, 0)
    assert (listed[other]["customers"], listed[other]["given_by"]) == (2, [])
    tidy = client.get("/api/tags/hygiene", params={"days": 30}).json()
    assert (tidy["days"], tidy["unexplained"], tidy["people"], tidy["sampled"]) == (30, [other], 3, False)
    assert client.get("/api/tags/hygiene", params={"days": 0}).status_code == 422
