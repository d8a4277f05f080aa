"""Lists of people by conditions and search text: the rows, their number, what can be done with all of them."""

from typing import Any

import pytest

from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, Record, Touch, Unfollow
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.platforms import actions as platforms
from siyu.segments import actions, http, people, queries
from siyu.segments.types import Total
from siyu.tags import actions as tags
from siyu.tags import queries as tag_queries
from siyu.team import actions as team
from tests.segments.populations import happened
from tests.support.http import room_client
from tests.support.statements import Statements
from tests.support.world import World

EVERYBODY: dict[str, Any] = {"all": []}


class Company:
    """Three people: 安 and 白 came by a code and carry tags, 白 left the account, 陈 has only a name."""

    def __init__(self, ctx: Ctx) -> None:
        self.account = platforms.save_account(ctx, kind="oa", key="wx0123456789abcdef", name="OA")
        self.corp = platforms.save_account(ctx, kind="wecom", key="ww0123456789abcdef-1000002", name="WeCom")
        self.staff = team.add_staff(ctx, name="张三", roles=["sales"], userid="zhangsan")
        told = {"name": "安", "phone": "13800138000", "company": "晨光", "region": "上海"}
        records = [
            Record("t", "an", (Identity("unionid", "an"),), ctx.now, told, Touch("oa_scene", "expo")),
            Record("t", "bai", (Identity("unionid", "bai"),), ctx.now, {"name": "白"}, Touch("form", "7")),
            Record("t", "chen", (Identity("unionid", "chen"),), ctx.now, {"name": "陈"}),
        ]
        self.an, self.bai, self.chen = customers.identify(ctx, records)
        self.high, self.low = tags.ensure(ctx, "意向/高"), tags.ensure(ctx, "意向/低")
        tags.add(ctx, tag_id=self.high, who=ids_of([self.an, self.bai]), why="test")
        tags.add(ctx, tag_id=self.low, who=ids_of([self.an]), why="test")
        followed = [Follow(one, "oa", self.account, ctx.now) for one in (self.an, self.bai)]
        customers.follow(ctx, [*followed, Follow(self.an, "wecom", self.corp, ctx.now, staff="zhangsan")])
        customers.unfollow(ctx, [Unfollow(self.bai, "oa", self.account, ctx.now)])
        customers.opt_out(ctx, ids_of([self.bai]), "TD")
        happened(ctx, self.bai, "message_received")


@pytest.fixture
def company(world: World) -> Company:
    with world.open() as ctx:
        return Company(ctx)


def _ids(world: World, condition: Any, **more: object) -> list[int]:
    client = room_client(world, http.router)
    listed = client.post("/api/segments/people", json={"condition": condition, **more})
    assert listed.status_code == 200, listed.text
    counted = client.post("/api/segments/people/total", json={"condition": condition, "q": more.get("q", "")}).json()
    ids = [one["customer_id"] for one in listed.json()["items"]]
    if "sort" not in more:
        assert counted == {"count": len(ids), "low": len(ids), "high": len(ids), "exact": True}
    return ids


def test_a_list_shows_what_an_operator_looks_for(world: World, company: Company) -> None:
    listed = room_client(world, http.router).post("/api/segments/people", json={"condition": EVERYBODY}).json()
    assert listed["next"] is None
    an, bai, chen = listed["items"]
    follows = an.pop("follows")
    assert an == {
        "customer_id": company.an,
        "name": "安",
        "phone": "138****8000",
        "company": "晨光",
        "region": "上海",
        "owner_id": company.staff,
        "source_kind": "oa_scene",
        "source_code": "expo",
        "tags": [company.high, company.low],
        "opted_out": False,
        "created_at": "2026-03-02T01:00:00Z",
        "last_activity_at": None,
    }
    assert {(one["account_id"], one["staff"], one["staff_name"], one["following"]) for one in follows} == {
        (company.account, None, None, True),
        (company.corp, "zhangsan", "张三", True),
    }
    assert (bai["opted_out"], bai["last_activity_at"]) == (True, "2026-03-02T01:00:00Z")
    assert [(one["account_id"], one["following"]) for one in bai["follows"]] == [(company.account, False)]
    assert (chen["tags"], chen["follows"], chen["source_kind"]) == ([], [], None)


def test_filters_are_conditions_and_a_search_narrows_them(world: World, company: Company) -> None:
    an, bai, chen, account = company.an, company.bai, company.chen, company.account
    high, lost = {"kind": "tag", "tag": company.high}, {"kind": "account", "following": False, "lost": True}
    with world.open() as ctx:
        segment = actions.save(ctx, name="高意向", condition=high)
    assert _ids(world, {"kind": "segment", "segment": segment}) == [an, bai]
    assert _ids(world, {"kind": "tag", "tag": [company.high, company.low], "match": "all"}) == [an]
    assert _ids(world, {"kind": "source", "via": ["oa_scene"], "code": ["expo"]}) == [an]
    assert _ids(world, {"kind": "follow", "staff": ["zhangsan"]}) == [an]
    assert _ids(world, {"kind": "follow", "staff": [company.staff]}) == [an]
    assert _ids(world, {"not": {"kind": "follow"}}) == [bai, chen]
    assert _ids(world, {"kind": "account", "account_id": account}) == [an]
    assert _ids(world, {"kind": "account", "following": False}) == [bai, chen]
    assert _ids(world, lost) == [bai]
    assert _ids(world, {"all": [{"kind": "account", "following": False}, {"not": lost}]}) == [chen]
    assert _ids(world, {"kind": "pushes"}) == [an, chen]
    assert _ids(world, {"kind": "pushes", "wanted": False}) == [bai]
    assert _ids(world, high, q="bai") == [bai]
    assert _ids(world, high, q="13800138000") == [an]
    assert _ids(world, high, q="陈") == []
    assert _ids(world, EVERYBODY, q=" 陈 ") == [chen]
    assert _ids(world, EVERYBODY, sort="activity") == [bai]


def test_sources_to_choose_from_are_those_that_people_came_by(world: World, company: Company) -> None:
    sources = room_client(world, http.router).get("/api/segments/sources").json()["items"]
    assert sources == [{"via": "form", "code": "7"}, {"via": "oa_scene", "code": "expo"}]


def test_pages_follow_each_other_in_the_order_asked_for(world: World, company: Company) -> None:
    client = room_client(world, http.router)
    everybody_with_a_tag = {"condition": {"kind": "tag", "tag": company.high}, "limit": 1}
    first = client.post("/api/segments/people", json=everybody_with_a_tag).json()
    rest = client.post("/api/segments/people", json={**everybody_with_a_tag, "cursor": first["next"]}).json()
    assert [one["name"] for one in (*first["items"], *rest["items"])] == ["安", "白"]
    assert rest["next"] is None
    other = client.post(
        "/api/segments/people", json={**everybody_with_a_tag, "cursor": first["next"], "sort": "created"}
    )
    assert (other.status_code, other.json()["code"]) == (422, "bad_cursor")


def test_a_page_costs_the_same_statements_for_many_as_for_few(ctx: Ctx, statements: Statements) -> None:
    Company(ctx)
    condition = queries.parse(ctx, {"not": {"kind": "follow", "staff": ["nobody"]}})
    statements.reset()
    assert len(queries.page(ctx, condition, limit=1).items) == 1
    few = statements.count
    statements.reset()
    assert len(queries.page(ctx, condition, limit=200).items) == 3
    assert statements.count == few <= 6


def test_who_may_not_read_customers_gets_no_list_of_them(world: World, company: Company) -> None:
    client = room_client(world, http.router, may=("segments.read",))
    for path in ("people", "people/total"):
        answer = client.post(f"/api/segments/{path}", json={"condition": EVERYBODY})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_faults_of_a_list_name_the_part(world: World) -> None:
    client = room_client(world, http.router)
    faults = {
        "condition.lost": {"kind": "account", "lost": True},
        "condition.account_id": {"kind": "account", "account_id": 99},
        "condition.staff.0": {"kind": "follow", "staff": [99]},
        "condition.staff": {"kind": "follow", "staff": []},
    }
    for field, condition in faults.items():
        for path in ("people", "people/total"):
            answer = client.post(f"/api/segments/{path}", json={"condition": condition})
            assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_all_who_match_condition_and_search_are_tagged_at_once(world: World, company: Company) -> None:
    client = room_client(world, http.router)
    asked = {"condition": {"kind": "tag", "tag": company.high}, "q": "白", "tag_id": company.low, "why": "列表"}
    assert client.post("/api/segments/tagging", json=asked).json() == {"changed": 1}
    assert client.post("/api/segments/tagging", json={**asked, "remove": True, "q": ""}).json() == {"changed": 2}
    with world.open() as ctx:
        assert tag_queries.tags_of(ctx, [company.an, company.bai]) == {
            company.an: (company.high,),
            company.bai: (company.high,),
        }


def test_a_long_list_of_a_big_company_is_estimated_and_a_short_one_counted(
    ctx: Ctx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "EXACT_UP_TO", 100)
    monkeypatch.setattr(people, "COUNTED_UP_TO", 100)
    monkeypatch.setattr(people, "SAMPLE", 1000)
    regions = ["北京"] * 40 + ["上海"] * 1960
    names = [f"n{n}" for n in range(1999)] + ["赵一"]
    records = [
        Record("t", f"p{n}", (Identity("unionid", f"p{n}"),), ctx.now, {"region": region, "name": name})
        for n, (region, name) in enumerate(zip(regions, names, strict=True))
    ]
    customers.identify(ctx, records)

    def total(region: str, query: str = "") -> Any:
        return queries.total(
            ctx, queries.parse(ctx, {"kind": "attribute", "name": "region", "op": "eq", "value": region}), query
        )

    long = total("上海")
    assert not long.exact
    assert long.low <= 1960 <= long.high
    assert long.low < long.high
    assert total("北京") == Total(40, 40, 40, True)
    assert total("上海", "赵") == Total(1, 1, 1, True)
    assert queries.total(ctx, queries.parse(ctx, EVERYBODY)) == Total(2000, 2000, 2000, True)


@pytest.mark.parametrize(
    "test",
    [
        ("eq", "13800138000"),
        ("eq", "138 0013 8000"),
        ("in", ["+86-138-0013-8000", "13900000000"]),
        ("starts", "1380"),
        ("contains", "0013"),
    ],
)
def test_phones_are_written_in_conditions_as_people_write_them(ctx: Ctx, test: tuple[str, Any]) -> None:
    company = Company(ctx)
    op, value = test
    condition = queries.parse(ctx, {"kind": "attribute", "name": "phone", "op": op, "value": value})
    assert queries.load(queries.dump(condition)) == condition == queries.parse(ctx, queries.named(ctx, condition))
    assert list(ctx.tx.execute(queries.select_members(ctx, condition)).scalars()) == [company.an]
    assert queries.explain(ctx, condition, company.an).result


def test_what_is_no_phone_is_refused_with_its_place(world: World, company: Company) -> None:
    client = room_client(world, http.router)
    for value, field in ((["13800138000", "138****8000"], "condition.value.1"), ("1.38E+10", "condition.value")):
        op = "in" if isinstance(value, list) else "eq"
        asked = {"condition": {"kind": "attribute", "name": "phone", "op": op, "value": value}}
        answer = client.post("/api/segments/people", json=asked)
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "bad_condition", field)
