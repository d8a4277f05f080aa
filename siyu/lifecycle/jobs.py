"""Private: points, levels and tags by rule, in the pulse; what time alone changes, in the tick."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.jobs import Pulse
from siyu.kernel.notices import Notice
from siyu.kernel.probes import Due, Probe
from siyu.lifecycle import queries, scoring, settling, tagging
from siyu.lifecycle.store import levels, points, rules
from siyu.lifecycle.types import Ladder, ScoreRule, TagRule
from siyu.segments import actions as segments

SWEEP = 5_000
"""Customers whom one tick looks at anew after a change of the ladder."""


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Follow merges and erasures, then give points, then levels, then tags."""
    rungs = queries.ladder(ctx)
    moved = customers.active(ctx, sorted(_follow(ctx, pulse)))
    found = queries.score_rules(ctx, active=True)
    made = scoring.gains(ctx, found, pulse.events) if found else []
    causes = _causes(found, made, rungs, pulse)
    touched = sorted({*causes, *moved})
    if touched:
        rate = queries.rate(ctx)
        points.hold(ctx, touched, rate)
        if made:
            scoring.write(ctx, made, rate)
        if moved:
            points.rebuild(ctx, sorted(moved), rate)
        settling.settle(ctx, touched, causes | dict.fromkeys(moved - causes.keys(), "merged"))
    _tags(ctx, pulse)


def _follow(ctx: Ctx, pulse: Pulse) -> set[int]:
    """Rows of an origin go where the last merge or split of this pulse sent it; returns whose ledgers changed."""
    moves: dict[int, int] = {}
    moved: set[int] = set()
    for event in pulse.of("merged", "split"):
        origin, source, target = (int(str(event.props[name])) for name in ("origin_id", "from_id", "to_id"))
        moves[origin] = target
        moved |= {source, target}
    if moves:
        points.move(ctx, list(moves), list(moves.values()))
        rules.move_given(ctx, list(moves), list(moves.values()))
        levels.forget(ctx, sorted(moved), customers.customer)
    if erased := sorted({event.customer_id for event in pulse.of("erased")}):
        points.forget(ctx, erased)
        rules.forget(ctx, erased)
        levels.forget(ctx, erased, customers.customer)
    return moved


def _causes(found: Sequence[ScoreRule], made: Sequence[points.NewGain], rungs: Ladder, pulse: Pulse) -> dict[int, str]:
    """Who is to be judged anew, and why: the rule of the latest gain, or the segment that moved them."""
    segments_of = {one.segment_id for one in rungs.levels}
    causes: dict[int, str] = {}
    for event in pulse.of("segment_entered", "segment_left"):
        if int(str(event.props["segment_id"])) in segments_of:
            causes[event.customer_id] = f"segment:{event.props['segment_id']}"
    rules_of = {rule.rule_id: rule.name for rule in found}
    return causes | {row[0]: rules_of[row[2]] for row in made if row[2] is not None}


def _tags(ctx: Ctx, pulse: Pulse) -> None:
    found = queries.tag_rules(ctx, active=True)
    if found:
        tagging.forget_taken(ctx, found, pulse.events)
        tagging.react(ctx, found, pulse.events)


def notice(ctx: Ctx, notices: Sequence[Notice]) -> None:
    """A segment was edited: who is in it changed without events."""
    rebased = {int(str(one.payload["segment_id"])) for one in notices if one.kind == "segment.rebased"}
    if not rebased:
        return
    if any(one.segment_id in rebased for one in queries.ladder(ctx).levels):
        levels.start_sweep(ctx)
    found: list[TagRule] = queries.tag_rules(ctx, active=True)
    for rule in found:
        # set-loop: per tag rule of an edited segment
        if rule.segment_id in rebased:
            tagging.apply(ctx, rule, found)


def tick(ctx: Ctx, limit: int) -> int:
    """Judge whose level time may have ended; after a change of the ladder, the next few of everybody."""
    due = levels.take_due(ctx, limit)
    if due:
        settling.settle(ctx, sorted(due), {})
        return len(due)
    after = levels.take_sweep(ctx)
    return 0 if after is None else _sweep(ctx, after)


def _sweep(ctx: Ctx, after: int) -> int:
    ids = levels.next_ids(ctx, customers.everybody(), after, SWEEP)
    rungs = queries.ladder(ctx)
    who = levels.concerned(ctx, ids, list(queries.members(ctx, rungs).values())) if ids else []
    if who:
        rate = queries.rate(ctx)
        points.hold(ctx, who, rate)
        points.rebuild(ctx, who, rate)
        settling.settle(ctx, who, dict.fromkeys(who, "ladder"))
        segments.look_again(ctx, ids_of(who))
    levels.put_sweep(ctx, ids[-1] if len(ids) == SWEEP else None)
    return max(1, len(ids))


def _next(ctx: Ctx, values: Sequence[Any]) -> datetime | None:
    sweeping, falls_at = values
    return ctx.now if sweeping else falls_at


DUE: Due = Probe((levels.sweeping, levels.next_fall.scalar_subquery()), _next)
"""When time may next end somebody's level; now while everybody is looked at anew."""
