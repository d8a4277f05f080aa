"""Private: tags that come and go by rule: while somebody is in a segment, or for a time after an event."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Integer, Select, cast, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.jobs import PulseEvent
from siyu.lifecycle.scoring import OWN, matcher
from siyu.lifecycle.store import rules
from siyu.lifecycle.types import TagRule
from siyu.segments import queries as segments
from siyu.tags import actions as tags
from siyu.tags import queries as tag_queries


def react(ctx: Ctx, found: Sequence[TagRule], events: Sequence[PulseEvent]) -> None:
    """Give and take tags for what just happened."""
    by_segment: dict[tuple[int, str], set[int]] = {}
    for event in events:
        if event.type in ("segment_entered", "segment_left"):
            by_segment.setdefault((int(str(event.props["segment_id"])), event.type), set()).add(event.customer_id)
    for rule in found:
        # set-loop: per tag rule that something happened to
        if rule.segment_id is not None:
            entered = by_segment.get((rule.segment_id, "segment_entered"), set())
            left = by_segment.get((rule.segment_id, "segment_left"), set())
            # Who did both in this pulse is looked up: their order says nothing about how it stands now.
            if entered:
                give(ctx, rule, _both(segments.members(ctx, rule.segment_id), ids_of(sorted(entered))))
            if left:
                take(ctx, rule, found, ids_of(sorted(left)))
        elif who := _who(rule, events):
            give(ctx, rule, ids_of(sorted(who)))


def _who(rule: TagRule, events: Iterable[PulseEvent]) -> set[int]:
    fits = matcher(rule.events or {}).fits
    return {one.customer_id for one in events if one.type not in OWN and not one.props.get("quiet") and fits(one)}


def _both(one: Select[Any], other: Select[Any]) -> Select[Any]:
    asked = one.subquery("one")
    return select(asked.c.customer_id).where(asked.c.customer_id.in_(other))


def apply(ctx: Ctx, rule: TagRule, found: Sequence[TagRule]) -> None:
    """Bring a rule of a segment up to date for everybody: when it is made or changed, or its segment is."""
    if rule.segment_id is not None:
        give(ctx, rule, segments.members(ctx, rule.segment_id))
        take(ctx, rule, found, rules.given_by(rule.rule_id))


def give(ctx: Ctx, rule: TagRule, who: Select[Any]) -> None:
    """Give the tag to those of ``who`` who do not carry it, and note that the rule did, or gives what a rule gave.

    A tag that was retired meanwhile, or that only its platform gives, is given to nobody; whoever has it keeps it as
    long as the rule says.
    """
    known = tag_queries.by_ids(ctx, [rule.tag_id]).get(rule.tag_id)
    if known is None or known.retired or known.read_only:
        return
    acting = ctx.acting(Actor("rule", f"tag-rule:{rule.rule_id}"))
    rules.note_given(ctx, rule.rule_id, _given(who, rule.tag_id))
    expires_at = None if rule.days is None else ctx.now + timedelta(days=rule.days)
    tags.add(acting, tag_id=rule.tag_id, who=who, why=rule.name, expires_at=expires_at)


def _given(who: Select[Any], tag_id: int) -> Select[Any]:
    """Who does not carry the tag, or does because a rule gave it: of others it is not the rules' to take."""
    asked, carried = who.subquery("asked"), tag_queries.customer_tags
    has = select(carried.c.customer_id).where(
        carried.c.customer_id == asked.c.customer_id, carried.c.tags.contains(cast([tag_id], ARRAY(Integer)))
    )
    by_rule = asked.c.customer_id.in_(rules.given_by_any(tag_id))
    return select(asked.c.customer_id).where(or_(~has.exists(), by_rule))


def take(ctx: Ctx, rule: TagRule, found: Sequence[TagRule], who: Select[Any]) -> None:
    """Take the tag from those of ``who`` whom the rule gave it and who are not in its segment any more."""
    if rule.segment_id is not None:
        asked = who.subquery("asked")
        inside = rules.member_of(asked.c.customer_id, [segments.members(ctx, rule.segment_id)])
        given = asked.c.customer_id.in_(rules.given_by(rule.rule_id))
        _release(ctx, rule, found, select(asked.c.customer_id).where(given, ~inside))


def stop(ctx: Ctx, rule: TagRule, found: Sequence[TagRule]) -> None:
    """The rule ends: the tags that it gave go."""
    _release(ctx, rule, found, rules.given_by(rule.rule_id))


def _release(ctx: Ctx, rule: TagRule, found: Sequence[TagRule], who: Select[Any]) -> None:
    """Let go of the tags given to ``who``. Where another rule holds with the same tag it stays, and is that rule's: one
    of a segment for its members, one of events that gave it for good."""
    # set-loop: makes selects, one per other rule with the same tag
    others = [
        (one.rule_id, segments.members(ctx, one.segment_id))
        for one in found
        if one.tag_id == rule.tag_id and one.rule_id != rule.rule_id and one.segment_id is not None
    ]
    for rule_id, theirs in others:
        # set-loop: per other rule with the same tag
        rules.note_given(ctx, rule_id, _both(theirs, who))
    asked = who.subquery("going")
    for_good = [
        rules.given_by(one.rule_id)
        for one in found
        if one.tag_id == rule.tag_id and one.rule_id != rule.rule_id and one.segment_id is None and one.days is None
    ]
    held = rules.member_of(asked.c.customer_id, [*(theirs for _, theirs in others), *for_good])
    acting = ctx.acting(Actor("rule", f"tag-rule:{rule.rule_id}"))
    known = tag_queries.by_ids(ctx, [rule.tag_id]).get(rule.tag_id)
    if known is not None and not known.read_only:
        tags.remove(acting, tag_id=rule.tag_id, who=select(asked.c.customer_id).where(~held), why=rule.name)
    rules.forget_given(ctx, rule.rule_id, who)


def forget_taken(ctx: Ctx, found: Sequence[TagRule], events: Sequence[PulseEvent]) -> None:
    """What somebody else took off is not the rules' to take off again later."""
    own = {f"tag-rule:{rule.rule_id}" for rule in found}
    by_tag: dict[int, set[int]] = {}
    for event in events:
        if event.type == "tag_removed" and event.props.get("by") not in own:
            by_tag.setdefault(int(str(event.props["tag_id"])), set()).add(event.customer_id)
    for rule in found:
        # set-loop: per tag rule whose tag somebody took off
        if rule.tag_id in by_tag:
            rules.forget_given(ctx, rule.rule_id, ids_of(sorted(by_tag[rule.tag_id])))
