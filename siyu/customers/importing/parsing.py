"""Private: rows by the mapping: what each says about a person, and what is wrong with it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from siyu.customers import attributes
from siyu.customers.importing import cells
from siyu.customers.importing.cells import CellFault
from siyu.customers.importing.types import BadMapping, ColumnUse, Fault, Parsed, PlannedColumn
from siyu.customers.types import ANONYMOUS, KINDS, Definition, Identity
from siyu.kernel.errors import SiyuError

IDENTITIES = tuple(kind for kind in KINDS if kind != ANONYMOUS)
NEEDS_SCOPE = {"oa_openid": "the account_id", "external_userid": "the corp id"}
_TAG_SPLIT = re.compile(r"[,，;；、|\n]+")
TAG_LENGTH = 30
TAG_GROUP = "导入标签"
"""The group of tags that a file names without one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping with everything that rows are checked by. ``tags`` are added to everybody."""

    columns: tuple[PlannedColumn, ...]
    tags: tuple[str, ...]
    zone: ZoneInfo


def plan(
    titles: Sequence[str],
    uses: Sequence[ColumnUse],
    source_name: str,
    tags: Sequence[str],
    definitions: Mapping[str, Definition],
    zone: ZoneInfo,
) -> Plan:
    """Check a mapping. Raises BadMapping naming ``columns.<n>.<part>``, ``source_name`` or ``tags.<n>``."""
    columns: list[PlannedColumn] = []
    taken: set[tuple[str, str, str]] = set()
    for place, one in enumerate(uses):
        at = f"columns.{place}"
        if one.index >= len(titles) or one.index in {column.index for column in columns}:
            raise BadMapping("there is no such column, or it is mapped twice", field=f"{at}.index")
        definition, scope = definitions.get(one.name), one.scope
        if one.use == "attribute" and definition is None:
            raise BadMapping(f"there is no attribute {one.name}", field=f"{at}.name")
        if one.use == "attribute" and definition is not None and definition.mode == "hand":
            raise BadMapping(f"{one.name} is written by hand only", field=f"{at}.name")
        if one.use == "identity" and one.name not in IDENTITIES:
            raise BadMapping(f"there is no identity kind {one.name}", field=f"{at}.name")
        if one.use == "identity" and one.name == "crm_id":
            scope = scope or source_name
            if not scope:
                raise BadMapping("a CRM id needs the name of the system it comes from", field="source_name")
        if one.use == "identity" and one.name in NEEDS_SCOPE and not scope:
            raise BadMapping(f"{one.name} needs {NEEDS_SCOPE[one.name]}", field=f"{at}.scope")
        target = (one.use, one.name, scope)
        if target in taken and one.use in ("attribute", "identity") and one.name not in ("phone", "email"):
            raise BadMapping(f"two columns are mapped to {one.name}", field=f"{at}.name")
        taken.add(target)
        if one.use != "ignore":
            name = one.name if one.use != "tag" else tag_part(one.name, f"{at}.name") if one.name else ""
            columns.append(PlannedColumn(one.index, titles[one.index], one.use, name, scope, definition))
    if not any(column.use == "identity" or column.name == "name" for column in columns):
        raise BadMapping(
            "map at least a name, a phone, an email or an id: nobody could find these people", field="columns"
        )
    for place, tag in enumerate(tags):
        group, slash, name = tag.partition("/")
        if not slash:
            raise BadMapping("a tag is written as group/name", field=f"tags.{place}")
        tag_part(group, f"tags.{place}")
        tag_part(name, f"tags.{place}")
    return Plan(tuple(columns), tuple(dict.fromkeys(tags)), zone)


def tag_part(text: str, field: str) -> str:
    """A group or tag name as the room tags takes it. Raises BadMapping."""
    name = text.strip()
    if not 1 <= len(name) <= TAG_LENGTH or "/" in name:
        raise BadMapping(f"tag names have 1 to {TAG_LENGTH} characters and no slash", field=field)
    return name


def parse(plan: Plan, row_no: int, row: Sequence[str]) -> Parsed:
    """What a row says. A row with faults is not imported at all."""
    identities: list[Identity] = []
    values: dict[str, object] = {}
    tags: list[str] = list(plan.tags)
    faults: list[Fault] = []
    for column in plan.columns:
        cell = row[column.index] if column.index < len(row) else ""
        if not cell:
            continue
        if cell in column.read:
            found = column.read[cell]
        else:
            found = column.read[cell] = _read(plan, column, cell)
        if isinstance(found, Fault):
            faults.append(found)
        elif column.use == "tag":
            tags += found
        elif found is None:
            continue
        elif column.use == "attribute":
            values[column.name] = found
        elif found not in identities:
            identities.append(found)
    if not faults and not identities and not values.get("name"):
        faults.append(Fault("no_identity", "没有姓名、电话、邮箱或编号，无法识别是谁", "nothing says who this is"))
    return Parsed(row_no, tuple(identities), values, tuple(dict.fromkeys(tags)), tuple(faults))


def _read(plan: Plan, column: PlannedColumn, cell: str) -> Any:
    """What a cell says by its column: an identity, tags, or a value; None when it is empty; or its fault."""
    try:
        if column.use == "identity":
            return cells.identity(column.name, cell, column.scope)
        if column.use == "tag":
            return _tags(column.name or TAG_GROUP, cell)
        return None if column.definition is None else _value(column.definition, cell, plan.zone)
    except CellFault as fault:
        return Fault(fault.code, fault.zh, fault.en, column.title, cell[:200])


def _value(definition: Definition, cell: str, zone: ZoneInfo) -> Any:
    found = cells.value(definition, cell, zone)
    try:
        return attributes.checked(definition, found, definition.name)
    except SiyuError as error:
        raise CellFault(error.code, f"不符合“{definition.title}”的要求", error.message) from None


def _tags(group: str, cell: str) -> list[str]:
    found = []
    for part in _TAG_SPLIT.split(cells.sound(cell)):
        head, slash, tail = part.partition("/")
        path = [head.strip(), tail.strip()] if slash else [group, head.strip()]
        if not any(path[1:]) and not slash:
            continue
        if not all(1 <= len(name) <= TAG_LENGTH for name in path) or "/" in path[1]:
            raise CellFault(
                "bad_tag", f"标签名应为 1 至 {TAG_LENGTH} 个字，可写作“组/标签”", "tags are name or group/name"
            )
        found.append("/".join(path))
    return found
