"""The timeline: deduplication, the pulse queue, partitions, visitors, stragglers of a merge."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, literal, select, text
from sqlalchemy.dialects.postgresql import JSONB

from siyu.customers import actions, jobs, queries
from siyu.customers.types import EventConflict, Identity, NewEvent, NewVisit, Record, TooOld, UnknownCustomer
from siyu.kernel.clock import VirtualClock
from siyu.kernel.ctx import SYSTEM, Ctx
from siyu.kernel.db import ids_of, transaction
from siyu.kernel.errors import BadText, BadTime
from siyu.kernel.probes import answer
from tests.support.statements import Statements
from tests.support.waiting import until
from tests.support.world import ZONE, World


def people(ctx: Ctx, count: int, prefix: str = "u") -> list[int]:
    return actions.identify(
        ctx, [Record("t", f"{prefix}{n}", (Identity("unionid", f"{prefix}{n}"),), ctx.now) for n in range(count)]
    )


def visits(ctx: Ctx, ids: Sequence[int], key: str = "k") -> list[NewEvent]:
    return [NewEvent("t", f"{key}{n}", "web_visited", ctx.now, one, props={"n": n}) for n, one in enumerate(ids)]


def test_an_event_counts_once_whatever_way_it_comes(ctx: Ctx) -> None:
    ids = people(ctx, 3)
    events = visits(ctx, ids)
    assert actions.record(ctx, [*events, events[0]]).new == 3
    again = actions.record(ctx, events)
    assert (again.new, again.duplicate) == (0, 3)
    chosen = select(
        queries.customer.c.customer_id,
        literal("web_visited").label("type"),
        literal(ctx.now).label("occurred_at"),
        literal("t").label("source"),
        literal("k0").label("key"),
        literal(None).label("content_id"),
        literal({"n": 0}, JSONB).label("props"),
    ).where(queries.customer.c.customer_id == ids[0])
    done = actions.record_from(ctx, chosen)
    assert (done.new, done.duplicate) == (0, 1)


def test_the_same_key_with_other_content_is_a_conflict_even_on_another_day(ctx: Ctx) -> None:
    (one,) = people(ctx, 1)
    event = NewEvent("t", "k", "web_visited", ctx.now, one, props={"url": "a"})
    actions.record(ctx, [event])
    for other in (replace(event, props={"url": "b"}), replace(event, occurred_at=ctx.now - timedelta(days=3))):
        savepoint = ctx.tx.begin_nested()
        with pytest.raises(EventConflict):
            actions.record(ctx, [other])
        savepoint.rollback()
    assert actions.record(ctx, [replace(event, key="k2")]).new == 1


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"occurred_at": timedelta(minutes=11)}, BadTime, "events.1.occurred_at"),
        ({"occurred_at": timedelta(days=-36)}, TooOld, "events.1.occurred_at"),
        ({"props": {"text": "a\x00b"}}, BadText, "events.1.props"),
        ({"props": {"text": "a\ud800"}}, BadText, "events.1.props"),
        ({"customer_id": 2**30}, UnknownCustomer, "customer_id"),
    ],
)
def test_a_faulty_event_keeps_the_whole_batch_out(
    world: World, change: dict[str, object], error: type[Exception], field: str
) -> None:
    with world.open() as ctx:
        (one,) = people(ctx, 1)
    good, bad = visits(ctx, [one, one])
    if isinstance(shift := change.get("occurred_at"), timedelta):
        change = {"occurred_at": ctx.now + shift}
    with pytest.raises(error) as raised, world.open() as ctx:
        actions.record(ctx, [good, replace(bad, **change)])  # type: ignore[arg-type]  # fields of NewEvent
    assert raised.value.field == field  # type: ignore[attr-defined]  # SiyuError
    assert world.value("select count(*) from event where type = 'web_visited'") == 0


def test_backslashes_are_not_mistaken_for_nul(ctx: Ctx) -> None:
    (one,) = people(ctx, 1)
    told = {"text": "\\u0000 is how JSON writes it", "tab": "a\tb\\N", "emoji": "😀"}
    actions.record(ctx, [NewEvent("t", "k", "web_visited", ctx.now, one, props=told)])
    (event,) = queries.timeline(ctx, one, types=["web_visited"]).items
    assert event.props == told


def test_a_pulse_takes_each_event_once_in_its_slots(ctx: Ctx) -> None:
    ids = people(ctx, 40)
    actions.record(ctx, visits(ctx, ids))
    low = actions.take_pulse(ctx, 0, 128, 1000)
    assert all(one & 255 < 128 for one in low.customers)
    rest = [actions.take_pulse(ctx, 0, 256, 7) for _ in range(20)]
    seen = [event.event_id for pulse in (low, *rest) for event in pulse.events]
    assert len(seen) == len(set(seen)) == 80  # created and web_visited of each
    assert {event.props["n"] for pulse in (low, *rest) for event in pulse.of("web_visited")} == set(range(40))
    assert actions.take_pulse(ctx, 0, 256, 1000).events == []


@pytest.mark.parametrize(("first", "then"), [(1, 60), (60, 1)])
def test_an_event_that_came_with_few_is_known_among_many_and_the_other_way(ctx: Ctx, first: int, then: int) -> None:
    ids = people(ctx, 60)
    told = [replace(new, props={"文": "😀", "x": [1.5, None]}, content_id=7) for new in visits(ctx, ids)]
    assert actions.record(ctx, told[:first]).new == first
    assert actions.record(ctx, told[:then]).duplicate == min(first, then)
    changed = [replace(told[0], content_id=8), *told[1:then]]
    with pytest.raises(EventConflict):
        actions.record(ctx, changed)


def test_recording_takes_few_statements_for_one_and_no_more_for_a_thousand_than_for_fifty(
    ctx: Ctx, statements: Statements
) -> None:
    ids = people(ctx, 60)
    statements.reset()
    actions.record(ctx, visits(ctx, ids[:1], "a"))
    assert statements.count <= 5
    statements.reset()
    actions.record(ctx, visits(ctx, ids[:50], "b"))
    fifty = statements.count
    statements.reset()
    actions.record(ctx, [new for n in range(20) for new in visits(ctx, ids[:50], f"c{n}-")])
    assert statements.count == fifty
    statements.reset()
    people(ctx, 60)
    assert statements.count <= 5  # known people: definitions, identities, assertions, origins, and no more


def test_last_activity_is_what_the_person_did(ctx: Ctx) -> None:
    (one,) = people(ctx, 1)
    early = ctx.now - timedelta(hours=2)
    actions.record(ctx, [NewEvent("t", "a", "web_visited", early, one), NewEvent("t", "b", "tag_added", ctx.now, one)])
    assert queries.profile(ctx, one).last_activity_at == early


def test_months_get_partitions_and_rows_that_waited_move_into_theirs(ctx: Ctx) -> None:
    months = text("select relid::text from pg_partition_tree('event') where isleaf order by 1")
    for name in set(ctx.tx.execute(months).scalars()) - {"event_rest"}:  # what another test has committed
        ctx.tx.execute(text(f"drop table {name}"))
    (one,) = people(ctx, 1)
    actions.record(ctx, visits(ctx, [one]))
    where = text("select tableoid::regclass::text from event where type = 'web_visited'")
    assert ctx.tx.execute(where).scalar_one() == "event_rest"
    jobs.tick(ctx, 100)
    assert ctx.tx.execute(where).scalar_one() == "event_202603"
    assert set(ctx.tx.execute(months).scalars()) >= {"event_202602", "event_202603", "event_202604", "event_202605"}
    assert [event.type for event in queries.timeline(ctx, one).items] == ["web_visited", "created"]
    assert answer(ctx, jobs.DUE) == ctx.now + timedelta(days=1)


def test_keys_are_kept_as_long_as_an_event_may_come_again(ctx: Ctx) -> None:
    (one,) = people(ctx, 1)
    actions.record(ctx, visits(ctx, [one]))
    last = replace(ctx, now=ctx.now + timedelta(days=35))
    jobs.tick(last, 100)
    assert actions.record(last, visits(ctx, [one])).duplicate == 1
    gone = replace(ctx, now=ctx.now + timedelta(days=38))
    jobs.tick(gone, 100)
    assert ctx.tx.execute(text("select count(*) from event_key where day < '2026-03-03'")).scalar_one() == 0


def test_visitors_wait_aside_until_they_are_recognised(ctx: Ctx) -> None:
    seen = [NewVisit("anon-1", "web", f"v{n}", "web_visited", ctx.now, None, {"page": n}) for n in range(3)]
    assert actions.visit(ctx, seen).new == 3
    assert actions.visit(ctx, seen).duplicate == 3
    count = text("select count(*) from customer")
    before = ctx.tx.execute(count).scalar_one()
    known = (Identity("anonymous_id", "anon-1"), Identity("phone", "13812341234"))
    (one,) = actions.identify(ctx, [Record("form:1", "f1", known, ctx.now)])
    assert ctx.tx.execute(count).scalar_one() == before + 1
    found = [event.props["page"] for event in queries.timeline(ctx, one, types=["web_visited"]).items]
    assert sorted(found) == [0, 1, 2]
    later = NewVisit("anon-1", "web", "v9", "web_visited", ctx.now)
    assert actions.visit(ctx, [later]).new == 1
    assert len(queries.timeline(ctx, one, types=["web_visited"]).items) == 4
    assert actions.visit(ctx, seen).duplicate == 3


def test_visits_nobody_recognised_are_dropped_after_ninety_days(ctx: Ctx) -> None:
    actions.visit(ctx, [NewVisit("anon-1", "web", "v1", "web_visited", ctx.now)])
    waiting = text("select count(*) from visitor_event")
    jobs.tick(replace(ctx, now=ctx.now + timedelta(days=89)), 100)
    assert ctx.tx.execute(waiting).scalar_one() == 1
    jobs.tick(replace(ctx, now=ctx.now + timedelta(days=91)), 100)
    assert ctx.tx.execute(waiting).scalar_one() == 0


def test_events_that_raced_with_a_merge_arrive_at_the_merged_customer(
    engine: Engine, clock: VirtualClock, world: World
) -> None:
    with world.open() as ctx:
        a, b = people(ctx, 2)
    with transaction(engine, clock, SYSTEM, ZONE) as slow:
        # the slow batch has read who b is; then b merges into a, and commits first
        actions.record(slow, visits(slow, [b]))
        with world.open() as quick:
            both = (Identity("unionid", "u0"), Identity("oa_openid", "o", "1"))
            actions.identify(quick, [Record("t", "x", both, quick.now)])
            actions.join(quick, [a, b])
        with world.open() as ctx:
            assert jobs.tick(ctx, 100) > 0
        with world.open() as ctx:
            jobs.tick(ctx, 100)
        assert world.value("select count(*) from identity_move where not settled") == 1
    assert world.value("select customer_id from event where type = 'web_visited'") == b

    def settled() -> bool:
        with world.open() as ctx:
            jobs.tick(ctx, 100)
        return bool(world.value("select count(*) from identity_move where not settled") == 0)

    until(settled, "transactions of other tests on this server, older than the merge, have ended")
    assert world.value("select customer_id from event where type = 'web_visited'") == a
    with world.open() as ctx:
        assert [event.customer_id for event in actions.take_pulse(ctx, 0, 256, 100).of("web_visited")] == [a]


def test_workers_that_meet_make_every_person_once(world: World, engine: Engine, clock: VirtualClock) -> None:
    """Four workers take in overlapping batches whose links only together join five persons."""
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(6):
                with transaction(engine, clock, SYSTEM, ZONE) as ctx:
                    records = [
                        Record(
                            "t",
                            f"{number}:{turn}:{n}",
                            (
                                Identity("unionid", f"u{n}"),
                                Identity("oa_openid", f"o{n}", str(number)),
                                Identity("phone", f"1381234000{n}"),
                            ),
                            ctx.now,
                            {"city": f"{number}"},
                        )
                        for n in ((number + turn + step) % 5 for step in range(3))
                    ]
                    ids = actions.identify(ctx, records)
                    actions.record(ctx, visits(ctx, ids, f"{number}:{turn}:"))
        except BaseException as error:  # noqa: BLE001 handed to the test
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert world.value("select count(*) from customer where status = 'active'") == 5
    assert world.value("select count(*) from event where type = 'web_visited'") == 72
    assert world.value("select count(distinct customer_id) from event where type = 'web_visited'") == 5


def test_opting_out_shows_at_once_and_the_latest_word_counts(ctx: Ctx) -> None:
    ids = people(ctx, 2)
    actions.opt_out(ctx, ids_of(ids), "TD")
    later = replace(ctx, now=ctx.now + timedelta(hours=1))
    actions.opt_in(later, ids_of(ids[:1]), "asked")
    rows = ctx.tx.execute(select(queries.reachability.c.customer_id, queries.reachability.c.opted_out))
    assert {row[0]: row[1] for row in rows} == {ids[0]: False, ids[1]: True}
    decision = actions.join(later, ids)
    assert queries.profile(later, ids[0]).opted_out_at is None  # the opt-in was the person's later word
    actions.undo(later, decision)
    assert queries.profile(later, ids[1]).opted_out_at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
