"""Leaf ``tag``: who carries tags."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Integer, Select, and_, cast, select
from sqlalchemy.dialects.postgresql import ARRAY

from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.segments.frame import Frame
from siyu.segments.leaves import Kind
from siyu.segments.once import once
from siyu.segments.types import At, BadCondition, Depends, Facts, Params, Ref, Seen
from siyu.tags import queries as tags
from siyu.tags.types import Tag


def _known(ctx: Ctx) -> Mapping[int | str, Tag]:
    """All tags, by id and by path: one statement for a condition that names any number."""

    def read() -> Mapping[int | str, Tag]:
        found = [tag for group in tags.taxonomy(ctx) for tag in group.tags]
        return {tag.tag_id: tag for tag in found} | {tag.path: tag for tag in found}

    return once("tags", read)


class TagParams(Params):
    """One tag or several, as tag_id or ``group/name``."""

    tag: Ref | CleanText | tuple[Ref | CleanText, ...] = Field(examples=["意向/高", ["意向/高", "意向/中"]])
    match: Literal["any", "all"] = Field(default="any", description="of several tags: at least one, or every one")

    @property
    def given(self) -> tuple[int | str, ...]:
        return self.tag if isinstance(self.tag, tuple) else (self.tag,)

    @property
    def ids(self) -> list[int]:
        """The tag ids; only of resolved parameters."""
        return [int(tag) for tag in self.given]

    def like(self, given: Sequence[int | str]) -> "TagParams":
        """The same with other tags, one tag staying one."""
        return self.model_copy(update={"tag": tuple(given) if isinstance(self.tag, tuple) else given[0]})


class TagKind(Kind[TagParams]):
    """Has a tag, any of several, or all of them."""

    name: ClassVar[str] = "tag"
    title: ClassVar[tuple[str, str]] = ("Tag", "标签")
    word: ClassVar[tuple[str, str]] = ("carries {seen.tags} of {tag}", "有标签 {seen.tags}（条件 {tag}）")
    params = TagParams

    def resolve(self, ctx: Ctx, params: TagParams, field: str) -> TagParams:
        path = f"{field}.tag" if field else "tag"
        if not params.given or len(params.given) > 500:
            raise BadCondition("give 1 to 500 tags", field=path)
        tags_of = _known(ctx)
        found: list[int] = []
        for index, tag in enumerate(params.given):
            known = tags_of.get(tag)
            if known is None:
                where = f"{path}.{index}" if isinstance(params.tag, tuple) else path
                raise BadCondition(f"there is no tag {tag}", field=where)
            found.append(known.home)  # a tag that was merged means the one it is now
        return params.like(found)

    def named(self, ctx: Ctx, params: TagParams) -> TagParams:
        known = _known(ctx)
        return params.like([known[tag_id].path if tag_id in known else tag_id for tag_id in params.ids])

    def sql(self, frame: Frame, params: TagParams) -> ColumnElement[bool]:
        rows = tags.customer_tags
        side = frame.left("tags", lambda: frame.only(select(rows.c.customer_id, rows.c.tags), rows.c.customer_id))
        wanted = cast(params.ids, ARRAY(Integer))
        carried = side.c.tags.overlap(wanted) if params.match == "any" else side.c.tags.contains(wanted)
        return and_(side.c.customer_id.is_not(None), carried)

    def load(self, ctx: Ctx, leaves: Sequence[TagParams], who: Select[Any]) -> Mapping[int, object]:
        rows, asked = tags.customer_tags, who.subquery("who")
        statement = select(rows.c.customer_id, rows.c.tags).where(rows.c.customer_id.in_(select(asked.c.customer_id)))
        return {row[0]: row[1] for row in ctx.tx.execute(statement)}

    def read(self, params: TagParams, facts: Facts, at: At) -> Seen:
        carried: Any = facts.data.get(self.name, ())
        present = [tag_id for tag_id in params.ids if tag_id in carried]
        enough = bool(present) if params.match == "any" else len(present) == len(params.ids)
        return Seen(enough, {"tags": present})

    def depends(self, params: TagParams) -> Depends:
        return Depends(tags=frozenset(params.ids))
