"""Private: statements about score rules, tag rules and the tags that rules gave."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, Row, Select, Table, and_, delete, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, unnest
from siyu.lifecycle.store import given_tag, score_rule, tag_rule


def score_rules(ctx: Ctx, *, active: bool = False) -> Sequence[Row[Any]]:
    statement = select(score_rule).order_by(score_rule.c.rule_id)
    return ctx.tx.execute(statement.where(score_rule.c.active) if active else statement).all()


def tag_rules(ctx: Ctx, *, active: bool = False) -> Sequence[Row[Any]]:
    statement = select(tag_rule).order_by(tag_rule.c.rule_id)
    return ctx.tx.execute(statement.where(tag_rule.c.active) if active else statement).all()


def _save(ctx: Ctx, table: Table[Any], rule_id: int | None, values: dict[str, Any]) -> int | None:
    """Insert or change a rule; None when the name is taken."""
    values = {**values, "changed_at": ctx.now}
    if rule_id is None:
        statement = upsert(table).values(**values).on_conflict_do_nothing().returning(table.c.rule_id)
        return ctx.tx.execute(statement).scalar_one_or_none()
    other = select(table.c.rule_id).where(table.c.name == values["name"], table.c.rule_id != rule_id)
    if ctx.tx.execute(other).scalar_one_or_none() is not None:
        return None
    ctx.tx.execute(update(table).where(table.c.rule_id == rule_id).values(**values))
    return rule_id


def save_score_rule(ctx: Ctx, rule_id: int | None, values: dict[str, Any]) -> int | None:
    return _save(ctx, score_rule, rule_id, values)


def save_tag_rule(ctx: Ctx, rule_id: int | None, values: dict[str, Any]) -> int | None:
    return _save(ctx, tag_rule, rule_id, values)


def drop_tag_rule(ctx: Ctx, rule_id: int) -> None:
    for table in (given_tag, tag_rule):  # set-loop: the two tables of a tag rule
        ctx.tx.execute(delete(table).where(table.c.rule_id == rule_id))


def note_given(ctx: Ctx, rule_id: int, who: Select[Any]) -> None:
    """The rule gives its tag to ``who``, who did not carry it."""
    asked = who.subquery("asked")
    chosen = select(asked.c.customer_id, literal(rule_id, Integer), asked.c.customer_id)
    statement = upsert(given_tag).from_select(["customer_id", "rule_id", "origin_id"], chosen)
    ctx.tx.execute(statement.on_conflict_do_nothing())


def given_by(rule_id: int) -> Select[Any]:
    """The customers whom the rule gave its tag."""
    return select(given_tag.c.customer_id).where(given_tag.c.rule_id == rule_id).distinct()


def given_by_any(tag_id: int) -> Select[Any]:
    """The customers whom any rule gave this tag."""
    mine = select(given_tag.c.customer_id).join(tag_rule, tag_rule.c.rule_id == given_tag.c.rule_id)
    return mine.where(tag_rule.c.tag_id == tag_id).distinct()


def forget_given(ctx: Ctx, rule_id: int, who: Select[Any]) -> None:
    asked = who.subquery("asked")
    mine = and_(given_tag.c.rule_id == rule_id, given_tag.c.customer_id.in_(select(asked.c.customer_id)))
    ctx.tx.execute(delete(given_tag).where(mine))


def member_of(customer_id: Any, members: Sequence[Select[Any]]) -> Any:
    """Whether a customer is in one of the segments."""
    inside = []
    for one in members:
        theirs = one.subquery()
        inside.append(select(literal(1)).where(theirs.c.customer_id == customer_id).exists())
    return or_(literal(False), *inside)


def move_given(ctx: Ctx, origins: Sequence[int], targets: Sequence[int]) -> None:
    """Follow merges and splits."""
    moves = unnest("moves", origin_id=(Integer(), origins), to_id=(Integer(), targets))
    here = and_(given_tag.c.origin_id == moves.c.origin_id, given_tag.c.customer_id != moves.c.to_id)
    moved = select(moves.c.to_id, given_tag.c.rule_id, given_tag.c.origin_id).where(here)
    statement = upsert(given_tag).from_select(["customer_id", "rule_id", "origin_id"], moved)
    ctx.tx.execute(statement.on_conflict_do_nothing())
    ctx.tx.execute(delete(given_tag).where(here))


def forget(ctx: Ctx, ids: Sequence[int]) -> None:
    ctx.tx.execute(delete(given_tag).where(given_tag.c.customer_id.in_(ids_of(ids))))
