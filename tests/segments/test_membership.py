"""Membership follows events in the pulse and time in the tick, touching only whom it must."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from siyu.customers import actions as customers
from siyu.customers.types import Identity, NewEvent, Record
from siyu.kernel import notices
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import SiyuError
from siyu.kernel.probes import answer
from siyu.segments import actions, jobs, queries
from siyu.segments.types import SegmentCycle, SegmentInUse
from siyu.tags import actions as tags
from siyu.tags import jobs as tag_jobs
from tests.segments.populations import happened, plain
from tests.support.statements import Statements


def pulse(ctx: Ctx) -> None:
    """One pulse over everything that waits."""
    jobs.pulse(ctx, customers.take_pulse(ctx, 0, 256, 5000))


def settle(ctx: Ctx) -> None:
    """Ticks until nothing is due."""
    for _ in range(20):
        if not jobs.tick(ctx, 1000):
            return
    raise AssertionError("the tick never comes to rest")


def inside(ctx: Ctx, segment_id: int) -> set[int]:
    return set(ctx.tx.execute(queries.members(ctx, segment_id)).scalars())


def changes(ctx: Ctx) -> list[tuple[str, int, int]]:
    rows = ctx.tx.execute(
        text("select type, customer_id, props from event where type like 'segment%' order by event_id")
    )
    return [(row.type, row.customer_id, row.props["segment_id"]) for row in rows]


def later(ctx: Ctx, **duration: float) -> Ctx:
    return replace(ctx, now=ctx.now + timedelta(**duration))


REPLIED = {"kind": "event", "type": "message_received", "where": {"text": {"contains": "电子书"}}, "within": "12h"}


def test_events_bring_people_in_and_time_takes_them_out(ctx: Ctx) -> None:
    ann, bob = plain(ctx, "ann", "bob")
    happened(ctx, ann, "message_received", text="要电子书")
    segment_id = actions.save(ctx, name="回复电子书", condition=REPLIED)
    (rebased,) = [notice for notice in notices.take(ctx) if notice.kind == "segment.rebased"]
    assert rebased.payload == {"segment_id": segment_id, "size": 1}
    assert inside(ctx, segment_id) == {ann}
    actions.listen(ctx, segment_id, "journey:1")
    pulse(ctx)
    assert changes(ctx) == [], "the first members are told by the notice"

    six = later(ctx, hours=6)
    happened(six, bob, "message_received", text="电子书在哪")
    happened(six, ann, "message_received", text="谢谢")
    pulse(six)
    assert changes(ctx) == [("segment_entered", bob, segment_id)]
    leaves_at = ctx.now + timedelta(hours=12, seconds=1)
    assert answer(six, jobs.DUE) == leaves_at
    settle(later(ctx, hours=12))
    assert inside(ctx, segment_id) == {ann, bob}
    settle(replace(ctx, now=leaves_at))
    assert inside(ctx, segment_id) == {bob}
    assert changes(ctx)[-1] == ("segment_left", ann, segment_id)
    settle(later(ctx, hours=18, seconds=1))
    assert inside(ctx, segment_id) == set()
    assert answer(later(ctx, hours=19), jobs.DUE) is None


def test_silence_after_a_send_is_noticed_when_its_time_is_over(ctx: Ctx) -> None:
    quiet, lively = plain(ctx, "quiet", "lively")
    silent = {
        "kind": "sequence",
        "first": {"type": "delivery_accepted", "content": 7},
        "then_not": {"type": "message_received"},
        "within": "12h",
    }
    segment_id = actions.save(ctx, name="未回复", condition=silent)
    for one in (quiet, lively):
        customers.record(ctx, [_delivery(ctx, one)])
    happened(later(ctx, hours=11), lively, "message_received", text="?")
    pulse(later(ctx, hours=11))
    assert inside(ctx, segment_id) == set()
    due = ctx.now + timedelta(hours=12)
    assert answer(later(ctx, hours=11), jobs.DUE) == due
    settle(replace(ctx, now=due))
    assert inside(ctx, segment_id) == {quiet}


def _delivery(ctx: Ctx, customer_id: int) -> NewEvent:
    return NewEvent("outreach", f"d{customer_id}", "delivery_accepted", ctx.now, customer_id, 7)


def test_a_time_at_the_end_of_time_is_never_due_and_holds_up_nobody(ctx: Ctx) -> None:
    customers.define_attribute(ctx, "renewed", "到期", "time", ())
    lapsed = {"kind": "attribute", "name": "renewed", "op": "lt", "value": {"ago": "30d"}}
    lapsing = (ctx.now - timedelta(days=30) + timedelta(hours=1)).isoformat()
    renewals = {"ann": lapsing, "eve": "9999-12-31T23:59:59Z"}
    ids = customers.identify(
        ctx, [Record("t", n, (Identity("unionid", n),), ctx.now, {"renewed": at}) for n, at in renewals.items()]
    )
    segment_id = actions.save(ctx, name="久未续费", condition=lapsed)
    pulse(ctx)
    assert answer(ctx, jobs.DUE) == ctx.now + timedelta(hours=1, seconds=1)
    two = later(ctx, hours=2)
    settle(two)
    assert inside(ctx, segment_id) == {ids[0]}
    assert answer(two, jobs.DUE) is None


def test_a_pulse_costs_by_segments_not_by_customers(ctx: Ctx, statements: Statements) -> None:
    ids = plain(ctx, *(f"p{n}" for n in range(120)))
    for index in range(6):
        actions.save(
            ctx, name=f"others {index}", condition={"kind": "event", "type": "web_visited", "count": index + 1}
        )
    actions.save(ctx, name="replied", condition=REPLIED)
    pulse(ctx)

    def cost(people: Sequence[int], when: Ctx) -> int:
        for one in people:
            happened(when, one, "message_received", text="电子书")
        waiting = customers.take_pulse(when, 0, 256, 5000)
        statements.reset()
        jobs.pulse(when, waiting)
        return statements.count

    one = cost(ids[:1], later(ctx, minutes=1))
    many = cost(ids, later(ctx, minutes=2))
    assert many <= one + 1
    assert one <= 8, "six segments that do not look at messages cost nothing"


def test_segments_of_segments_follow_in_the_same_pulse_and_tick(ctx: Ctx) -> None:
    ann, bob = plain(ctx, "ann", "bob")
    high = tags.ensure(ctx, "意向/高")
    inner = actions.save(ctx, name="inner", condition=REPLIED)
    both = {"all": [{"kind": "segment", "segment": "inner"}, {"kind": "tag", "tag": "意向/高"}]}
    outer = actions.save(ctx, name="outer", condition=both)
    without = actions.save(ctx, name="without", condition={"not": {"kind": "segment", "segment": outer}})
    assert inside(ctx, without) == {ann, bob}
    tags.add(ctx, tag_id=high, who=ids_of([ann, bob]), why="test")
    happened(ctx, ann, "message_received", text="电子书")
    pulse(ctx)
    assert (inside(ctx, inner), inside(ctx, outer), inside(ctx, without)) == ({ann}, {ann}, {bob})
    settle(later(ctx, hours=12, seconds=1))
    assert (inside(ctx, outer), inside(ctx, without)) == (set(), {ann, bob})


def test_cycles_are_refused_with_their_path(ctx: Ctx) -> None:
    first = actions.save(ctx, name="first", condition={"all": []})
    second = actions.save(ctx, name="second", condition={"kind": "segment", "segment": "first"})
    third = actions.save(ctx, name="third", condition={"not": {"kind": "segment", "segment": second}})
    with pytest.raises(SegmentCycle) as refused:
        actions.save(ctx, segment_id=first, name="first", condition={"kind": "segment", "segment": third})
    assert refused.value.detail["path"] == [first, third, second, first]
    assert queries.segment(ctx, first).condition == {"all": []}
    with pytest.raises(SegmentInUse) as used:
        actions.delete(ctx, second)
    assert used.value.detail["used_by"] == [{"kind": "segment", "id": third, "name": "third"}]
    actions.delete(ctx, third)
    actions.listen(ctx, second, "journey:4")
    with pytest.raises(SegmentInUse):
        actions.delete(ctx, second)
    actions.unlisten(ctx, second, "journey:4")
    actions.delete(ctx, second)
    assert [found.name for found in queries.segments(ctx)] == ["first"]


def test_an_edit_keeps_who_stays_and_tells_one_notice(ctx: Ctx) -> None:
    ann, bob, cat = plain(ctx, "ann", "bob", "cat")
    happened(ctx, ann, "page_read")
    happened(ctx, bob, "page_read")
    segment_id = actions.save(ctx, name="readers", condition={"kind": "event", "type": "page_read"})
    outer = actions.save(ctx, name="rest", condition={"not": {"kind": "segment", "segment": segment_id}})
    actions.listen(ctx, segment_id, "journey:1")
    pulse(ctx)
    notices.take(ctx)
    edit = later(ctx, hours=1)
    happened(edit, cat, "form_started")
    either = {
        "all": [{"not": {"kind": "event", "type": "nothing"}}, {"kind": "event", "type": ["page_read", "form_started"]}]
    }
    happened(edit, bob, "unfollowed")
    either["all"][0] = {"not": {"kind": "event", "type": "unfollowed"}}
    actions.save(edit, segment_id=segment_id, name="readers", condition=either)
    page = queries.member_page(edit, segment_id)
    assert page.items == [(ann, ctx.now), (cat, edit.now)]
    assert inside(edit, outer) == {bob}
    told = [notice.payload for notice in notices.take(edit) if notice.kind == "segment.rebased"]
    assert told == [{"segment_id": segment_id, "size": 2}, {"segment_id": outer, "size": 1}]
    assert changes(edit) == []
    assert queries.segment(edit, segment_id).version == 2
    actions.save(edit, segment_id=segment_id, name="renamed", condition=either)
    assert [found.kind for found in notices.take(edit)] == []


def test_new_merged_and_split_people_are_looked_at_by_every_segment(ctx: Ctx) -> None:
    high = tags.ensure(ctx, "意向/高")
    untagged = actions.save(ctx, name="untagged", condition={"not": {"kind": "tag", "tag": "意向/高"}})
    actions.listen(ctx, untagged, "journey:1")
    left = Identity("external_userid", "e1", "corp")
    right = Identity("oa_openid", "o1", "3")
    wecom, oa = customers.identify(ctx, [Record("w", "1", (left,), ctx.now), Record("o", "1", (right,), ctx.now)])
    tags.add(ctx, tag_id=high, who=ids_of([oa]), why="test")
    pulse(ctx)
    assert inside(ctx, untagged) == {wecom}
    (one,) = customers.identify(ctx, [Record("r", "2", (left, right, Identity("unionid", "u1")), ctx.now)])
    waiting = customers.take_pulse(ctx, 0, 256, 5000)
    tag_jobs.pulse(ctx, waiting)
    jobs.pulse(ctx, waiting)
    assert inside(ctx, untagged) == set()
    assert [change for change in changes(ctx) if change[1] not in (one, wecom)] == []


def test_a_big_tag_change_reaches_segments_by_notice_in_chunks(ctx: Ctx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siyu.tags.telling.EVENTS_UP_TO", 2)
    ids = plain(ctx, *(f"p{n}" for n in range(7)))
    tag = tags.ensure(ctx, "活动/展会")
    segment_id = actions.save(ctx, name="fair", condition={"kind": "tag", "tag": tag})
    other = actions.save(ctx, name="other", condition={"kind": "event", "type": "page_read"})
    pulse(ctx)
    notices.take(ctx)
    tags.add(ctx, tag_id=tag, who=ids_of(ids), why="import")
    jobs.notice(ctx, notices.take(ctx))
    assert answer(ctx, jobs.DUE) == ctx.now
    assert [jobs.tick(ctx, 3) for _ in range(4)] == [3, 3, 1, 0]
    assert (inside(ctx, segment_id), inside(ctx, other)) == (set(ids), set())


def test_who_enters_by_a_quiet_import_is_told_quietly(ctx: Ctx) -> None:
    segment_id = actions.save(ctx, name="region", condition={"kind": "attribute", "name": "region", "op": "exists"})
    actions.listen(ctx, segment_id, "journey:1")
    for name, where in (("quiet", replace(ctx, quiet=True)), ("loud", ctx)):
        customers.identify(where, [Record("t", name, (Identity("unionid", name),), ctx.now, {"region": "上海"})])
    pulse(ctx)
    rows = ctx.tx.execute(text("select props from event where type = 'segment_entered' order by customer_id")).scalars()
    assert [props.get("quiet") for props in rows] == [True, None]


def test_birthdays_begin_and_end_at_the_company_midnight(ctx: Ctx) -> None:
    born = [
        Record("t", day, (Identity("unionid", day),), ctx.now, {"birthday": day})
        for day in ("1990-03-03", "1992-02-29")
    ]
    third, leap = customers.identify(ctx, born)
    segment_id = actions.save(ctx, name="生日", condition={"kind": "date", "today": True})
    assert inside(ctx, segment_id) == set()
    midnight = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    assert answer(ctx, jobs.DUE) == midnight
    settle(replace(ctx, now=midnight))
    assert inside(ctx, segment_id) == {third}
    settle(replace(ctx, now=midnight + timedelta(days=1)))
    assert inside(ctx, segment_id) == set()
    settle(replace(ctx, now=datetime(2027, 2, 27, 16, 0, tzinfo=UTC)))
    assert inside(ctx, segment_id) == {leap}, "29 February falls on the 28th in 2027"
    settle(replace(ctx, now=datetime(2028, 2, 28, 15, 59, tzinfo=UTC)))
    assert inside(ctx, segment_id) == set()
    settle(replace(ctx, now=datetime(2028, 2, 28, 16, 0, tzinfo=UTC)))
    assert inside(ctx, segment_id) == {leap}


@pytest.mark.parametrize(
    ("condition", "code", "field"),
    [
        ({"kind": "zodiac", "sign": 1}, "unknown_condition", "condition.kind"),
        ({"all": [{"any": [{"kind": "event", "type": "X y"}]}]}, "bad_condition", "condition.all.0.any.0.type"),
        ({"any": []}, "bad_condition", "condition.any"),
        ({"all": [], "not": {}}, "bad_condition", "condition"),
        ({"all": [], "name": 1}, "bad_condition", "condition.name"),
        ({"kind": "event", "type": "a_b", "wihtin": "12h"}, "bad_condition", "condition.wihtin"),
        ({"kind": "event", "type": "a_b", "within": "12 hours"}, "bad_condition", "condition.within"),
        ({"kind": "event", "type": "a_b", "within": "1h", "period": "today"}, "bad_condition", "condition"),
        ({"kind": "event", "type": "a_b", "from": "2026-01-01"}, "bad_time", "condition.from"),
        ({"kind": "event", "type": "a_b", "since": "entered"}, "bad_condition", "condition.since"),
        (
            {"kind": "event", "type": "a_b", "where": {"text": {"like": "x"}}},
            "bad_condition",
            "condition.where.text.like",
        ),
        (
            {"kind": "event", "type": "a_b", "where": {"t": {"contains": "\x00"}}},
            "bad_text",
            "condition.where.t.contains",
        ),
        ({"kind": "event", "type": "a_b", "count": {"ge": "many"}}, "bad_condition", "condition.count.ge"),
        ({"kind": "tag", "tag": ["意向/无"]}, "bad_condition", "condition.tag.0"),
        ({"kind": "attribute", "name": "nope", "op": "exists"}, "bad_condition", "condition.name"),
        ({"kind": "attribute", "name": "region", "op": "lt", "value": "x"}, "bad_condition", "condition.op"),
        ({"kind": "attribute", "name": "region", "op": "eq", "value": 5}, "bad_condition", "condition.value"),
        ({"kind": "attribute", "name": "birthday", "op": "eq", "value": "3 May"}, "bad_time", "condition.value"),
        (
            {"kind": "attribute", "name": "birthday", "op": "lt", "value": {"ago": "1h"}},
            "bad_condition",
            "condition.value",
        ),
        ({"not": {"kind": "segment", "segment": 999999}}, "bad_condition", "condition.not.segment"),
        ({"kind": "account", "account_id": 999999}, "bad_condition", "condition.account_id"),
        ({"kind": "owner", "staff": ["nobody"]}, "bad_condition", "condition.staff.0"),
        ({"kind": "date", "name": "region", "today": True}, "bad_condition", "condition.name"),
        ({"kind": "date", "month": [13]}, "bad_condition", "condition.month.0"),
        ({"kind": "sequence", "first": {"type": "a_b"}, "within": "1h"}, "bad_condition", "condition"),
        ("text", "bad_condition", "condition"),
    ],
)
def test_bad_conditions_name_the_part_and_change_nothing(ctx: Ctx, condition: object, code: str, field: str) -> None:
    with pytest.raises(SiyuError) as refused:
        actions.save(ctx, name="bad", condition=condition)
    assert (refused.value.code, refused.value.field, refused.value.status) == (code, field, 422)
    assert queries.segments(ctx) == []


def test_deep_and_broad_conditions_are_refused(ctx: Ctx) -> None:
    deep: dict[str, object] = {"all": []}
    for _ in range(12):
        deep = {"not": deep}
    broad = {"any": [{"kind": "event", "type": "page_read"}] * 201}
    for condition in (deep, broad):
        with pytest.raises(SiyuError) as refused:
            queries.parse(ctx, condition)
        assert refused.value.code == "bad_condition"
