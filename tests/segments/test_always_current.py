"""Whatever happens to whom and when, stored members are those whom the condition means now."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, DateTime, Integer, select

from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, NewEvent, Record, Unfollow
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, savepoint, unnest
from siyu.kernel.probes import answer
from siyu.segments import actions, jobs, queries
from siyu.tags import actions as tags
from siyu.tags import jobs as tag_jobs
from tests.segments.populations import (
    TAGS,
    TYPES,
    Names,
    People,
    conditions,
    define,
    happened,
    peoples,
    plain,
    restless,
    settle,
)

WAITS = [("wait", None, hours, None) for hours in (6, 12, 48, 700)]
_who = st.integers(0, 4)
_values = st.sampled_from([("region", "上海"), ("level", 2), ("birthday", "1990-03-02"), ("vip", None)])
_steps = st.one_of(
    st.tuples(st.just("event"), _who, st.sampled_from(TYPES), st.sampled_from([0, 6, 12, 48])),
    st.tuples(st.just("tag"), _who, st.sampled_from(TAGS), st.booleans()),
    st.tuples(st.just("expiring"), _who, st.sampled_from(TAGS), st.sampled_from([6, 24])),
    st.tuples(st.just("attribute"), _who, _values, st.none()),
    st.tuples(st.just("unfollow"), _who, st.sampled_from([1, 2]), st.none()),
    st.tuples(st.just("arrive"), st.none(), st.integers(0, 1), st.none()),
    st.tuples(st.just("join"), _who, st.integers(0, 1), st.none()),
    st.tuples(st.just("wait"), st.none(), st.sampled_from([1, 6, 12, 24, 15 * 24]), st.none()),
)


@pytest.fixture
def names(ctx: Ctx) -> Names:
    return define(ctx)


class _Undo(Exception):
    pass


def quiet(ctx: Ctx) -> None:
    """What the runtime does until nothing is left to do at this time."""
    for _ in range(30):
        done = 0
        if waiting := customers.take_pulse(ctx, 0, 256, 5000).events:
            pulse = type(customers.take_pulse(ctx, 0, 256, 1))(waiting)
            tag_jobs.pulse(ctx, pulse)
            jobs.pulse(ctx, pulse)
            done += 1
        done += tag_jobs.tick(ctx, 100) + jobs.tick(ctx, 7)
        if not done:
            return
    raise AssertionError("it never comes to rest")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=peoples(),
    asked=st.tuples(conditions, conditions, restless, restless, restless, restless).map(list),
    steps=st.lists(_steps, min_size=2, max_size=8),
)
def test_members_are_always_current(
    ctx: Ctx, names: Names, people: People, asked: list[dict[str, Any]], steps: list[tuple[str, Any, Any, Any]]
) -> None:
    try:
        with savepoint(ctx):
            ids = settle(ctx, people, names)
            saved = {}
            for index, condition in enumerate(asked):
                segment_id = actions.save(ctx, name=f"s{index}", condition=names.real(condition))
                saved[segment_id] = queries.parse(ctx, names.real(condition))
                actions.listen(ctx, segment_id, "test")
            inner = {"all": [{"kind": "segment", "segment": "s0"}, {"not": {"kind": "segment", "segment": "s1"}}]}
            saved[actions.save(ctx, name="outer", condition=inner)] = queries.parse(ctx, inner)
            now = ctx
            quiet(now)
            for number, step in enumerate([*steps, *WAITS]):
                now = _do(now, ids, names, step, number)
                quiet(now)
                for segment_id, parsed in saved.items():
                    stored = set(now.tx.execute(queries.members(now, segment_id)).scalars())
                    fresh = set(now.tx.execute(queries.select_members(now, parsed)).scalars())
                    assert stored == fresh, (ids, steps[: number + 1], queries.dump(parsed))
                due = answer(now, jobs.DUE)
                assert due is None or due > now.now
            raise _Undo
    except _Undo:
        pass


def _do(ctx: Ctx, ids: list[int], names: Names, step: tuple[str, Any, Any, Any], number: int) -> Ctx:
    kind, who, what, how = step
    if kind == "wait":
        return replace(ctx, now=ctx.now + timedelta(hours=what))
    if kind == "arrive":
        contact = Identity("external_userid", f"wm{what}", "corp")
        (arrived,) = customers.identify(ctx, [Record("test", f"arrive{number}", (contact,), ctx.now)])
        tags.add(ctx, tag_id=tags.ensure(ctx, TAGS[what]), who=ids_of([arrived]), why="step")
        happened(ctx, arrived, TYPES[what], text="电子书")
        return ctx
    home = customers.identify(ctx, [Record("test", f"again{number}", (_identity(ids, who),), ctx.now)])[0]
    if kind == "event":
        at = ctx.now - timedelta(hours=how)
        customers.record(ctx, [NewEvent("steps", f"{number}", what, at, home, 1, {"text": "电子书", "n": 1})])
    elif kind == "tag":
        change = tags.add if how else tags.remove
        change(ctx, tag_id=tags.ensure(ctx, what), who=ids_of([home]), why="step")
    elif kind == "expiring":
        until = ctx.now + timedelta(hours=how)
        tags.add(ctx, tag_id=tags.ensure(ctx, what), who=ids_of([home]), why="step", expires_at=until)
    elif kind == "attribute":
        customers.set_attributes(ctx, ids_of([home]), {what[0]: what[1]}, why="step")
    elif kind == "unfollow":
        customers.unfollow(ctx, [Unfollow(home, "oa", names.accounts[what], ctx.now)])
        customers.record(ctx, [NewEvent("steps", f"{number}", "unfollowed", ctx.now, home)])
    elif kind == "join":
        both = (_identity(ids, who), Identity("external_userid", f"wm{what}", "corp"))
        customers.identify(ctx, [Record("test", f"join{number}", both, ctx.now)])
    return ctx


def _identity(ids: list[int], who: int) -> Identity:
    return Identity("unionid", f"u{who % len(ids)}")


def test_texts_that_are_erased_at_unfollowing_count_no_more(ctx: Ctx, names: Names) -> None:
    account = names.accounts[1]
    openid, source = Identity("oa_openid", "o1", str(account)), f"oa:{account}"
    (one,) = customers.identify(ctx, [Record(source, "o1", (openid,), ctx.now)])
    customers.follow(ctx, [Follow(one, "oa", account, ctx.now)])
    said = NewEvent(source, "m1", "message_received", ctx.now, one, None, {"text": "电子书", "account": account})
    customers.record(ctx, [said])
    asked = {"kind": "event", "type": "message_received", "where": {"text": {"contains": "电子书"}}}
    segment_id = actions.save(ctx, name="asked", condition=asked)
    quiet(ctx)
    assert set(ctx.tx.execute(queries.members(ctx, segment_id)).scalars()) == {one}
    customers.unfollow(ctx, [Unfollow(one, "oa", account, ctx.now)])
    customers.record(ctx, [NewEvent(source, "left", "unfollowed", ctx.now, one)])
    quiet(ctx)
    assert set(ctx.tx.execute(queries.members(ctx, segment_id)).scalars()) == set()


def test_since_entering_counts_from_each_persons_own_moment(ctx: Ctx) -> None:
    early, late, never = plain(ctx, "early", "late", "never")
    for one in (early, late):
        happened(ctx, one, "message_received", text="电子书")
    data = {"kind": "event", "type": "message_received", "since": "entered"}
    condition = queries.parse(ctx, data, entered=True)
    moments = [ctx.now, ctx.now + timedelta(seconds=1), ctx.now]
    rows = unnest(
        "e",
        customer_id=(Integer(), [early, late, never]),
        since=(DateTime(timezone=True), moments),
        enrolment_id=(BigInteger(), [7, 8, 9]),
    )
    who: Any = select(rows.c.customer_id, rows.c.since, rows.c.enrolment_id)
    assert set(ctx.tx.execute(queries.within(ctx, condition, who)).scalars()) == {early}
    facts = queries.facts(ctx, condition, who)
    memory = {one for one, found in facts.items() if queries.evaluate(condition, found, ctx.now, ctx.zone).result}
    assert memory == {early}
