"""However many leaves a condition has, reading and explaining it asks the database a fixed number of times."""

from typing import Any

from siyu.kernel.ctx import Ctx
from siyu.platforms import actions as platforms
from siyu.segments import actions, queries
from siyu.tags import actions as tags
from siyu.team import actions as team
from tests.segments.populations import plain
from tests.support.statements import Statements


def test_a_condition_of_many_leaves_asks_no_more_than_one_of_each_kind(ctx: Ctx, statements: Statements) -> None:
    account = platforms.save_account(ctx, kind="oa", key="wx0123456789abcdef", name="OA")
    member = team.add_staff(ctx, name="张三", roles=["sales"], userid="zhangsan")
    paths = [f"组/{n}" for n in range(20)]
    given = [tags.ensure(ctx, path) for path in paths]
    saved = [actions.save(ctx, name=f"s{n}", condition={"all": []}) for n in range(20)]
    (one,) = plain(ctx, "one")
    parts: list[list[dict[str, Any]]] = [
        [{"kind": "tag", "tag": tag} for tag in given],
        [{"kind": "tag", "tag": path} for path in paths],
        [{"kind": "segment", "segment": segment} for segment in saved],
        [{"kind": "attribute", "name": "region", "op": "eq", "value": f"r{n}"} for n in range(20)],
        [{"kind": "date", "age": {"ge": n}} for n in range(20)],
        [{"kind": "owner", "staff": [member]}, {"kind": "follow", "staff": [member]}] * 10,
        [{"kind": "account", "account_id": account}] * 20,
    ]

    def cost(leaves: list[dict[str, Any]]) -> int:
        statements.reset()
        condition = queries.parse(ctx, {"any": leaves})
        queries.named(ctx, condition)
        queries.explain(ctx, condition, one)
        return statements.count

    few = cost([leaf for kind in parts for leaf in kind[:2]])
    assert cost([leaf for kind in parts for leaf in kind]) == few
