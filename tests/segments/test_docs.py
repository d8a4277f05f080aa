"""docs/conditions.md is complete and its examples run."""

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import siyu
from siyu.kernel.ctx import Ctx
from siyu.platforms import actions as platforms
from siyu.runtime import uses
from siyu.segments import actions, queries
from siyu.segments.leaves import Kind
from siyu.tags import actions as tags
from siyu.team import actions as team

TEXT = (Path(__file__).parents[2] / "docs" / "conditions.md").read_text()
SECTIONS = {found[1]: found[2] for found in re.finditer(r"### `(\w+)`(.*?)(?=\n##)", TEXT, re.DOTALL)}
EXAMPLES: list[dict[str, Any]] = [json.loads(found) for found in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]


def _kinds() -> list[Kind[Any]]:
    """Every kind that any room offers, registered or not."""
    for module in pkgutil.walk_packages(siyu.__path__, "siyu."):
        if module.name.endswith(".leaves"):
            importlib.import_module(module.name)
    waiting, found = list(Kind.__subclasses__()), []
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("siyu."):
            found.append(kind())
    return found


def test_every_kind_and_parameter_is_documented() -> None:
    kinds = {kind.name: kind for kind in _kinds()}
    assert set(kinds) >= {kind.name for kind in queries.BUILT_IN}
    assert set(kinds) == set(SECTIONS)
    windows = {"within", "period", "from", "to", "since"}
    for name, kind in kinds.items():
        for parameter in kind.params.model_json_schema(by_alias=True)["properties"]:
            place = TEXT if parameter in windows else SECTIONS[name]
            assert f"`{parameter}`" in place or f'"{parameter}"' in place, f"{name}.{parameter}"


def test_every_example_runs_and_every_kind_has_one(ctx: Ctx) -> None:
    uses.register()
    account_id = platforms.save_account(ctx, kind="oa", key="wx0123456789abcdef", name="OA")
    team.add_staff(ctx, name="张三", roles=["sales"], userid="zhangsan")
    for path in ("意向/高", "意向/中"):
        tags.ensure(ctx, path)
    actions.save(ctx, name="高意向", condition={"kind": "tag", "tag": "意向/高"})
    shown: set[str] = set()
    for example in EXAMPLES:
        if "account_id" in example:
            example["account_id"] = account_id
        condition = queries.parse(ctx, example)
        assert queries.count(ctx, condition) == 0
        assert queries.named(ctx, condition) == queries.named(ctx, queries.parse(ctx, queries.named(ctx, condition)))
        shown.add(str(example.get("kind")))
    assert {kind.name for kind in queries.BUILT_IN} <= shown
