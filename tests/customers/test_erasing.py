"""What leaves with a person, what leaves with an account, what stays for the counts (R5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from siyu.customers import actions, queries
from siyu.customers.types import Follow, Identity, NewEvent, NewVisit, Record, Touch, Unfollow, oa_source, wecom_source
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of

OPENID = Identity("oa_openid", "o-zhang", "1")
UNIONID = Identity("unionid", "u-zhang")
PHONE = Identity("phone", "13812341234")


def follower(ctx: Ctx) -> int:
    identities = (OPENID, UNIONID)
    (customer_id,) = actions.identify(
        ctx,
        [Record(oa_source(1), "s1", identities, ctx.now, {"name": "小张", "city": "杭州"}, Touch("oa_scene", "expo"))],
    )
    actions.follow(ctx, [Follow(customer_id, "oa", 1, ctx.now)])
    says = {"account": 1, "text": "我的电话是13812341234"}
    actions.record(ctx, [NewEvent(oa_source(1), "m1", "message_received", ctx.now, customer_id, props=says)])
    return customer_id


def holds(ctx: Ctx, *words: str) -> list[str]:
    """Tables of the room that hold one of the words in any column."""
    found = []
    tables = (
        ctx.tx.execute(
            text(
                "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname = 'public' and c.relkind = 'r' order by 1"
            )
        )
        .scalars()
        .all()
    )
    for table in tables:
        for word in words:
            if ctx.tx.execute(
                text(f'select 1 from "{table}" t where t::text like :word limit 1'), {"word": f"%{word}%"}
            ).all():
                found.append(f"{table}:{word}")
    return found


def test_unsubscribing_erases_what_the_account_told_and_keeps_the_person_recognisable(ctx: Ctx) -> None:
    customer_id = follower(ctx)
    actions.identify(ctx, [Record("form:1", "f1", (OPENID, PHONE), ctx.now, {"company": "好公司"})])
    later = replace(ctx, now=ctx.now + timedelta(hours=1))
    actions.unfollow(later, [Unfollow(customer_id, "oa", 1, later.now)])

    assert holds(ctx, "u-zhang", "我的电话") == []
    shown = queries.profile(ctx, customer_id)
    assert shown.attributes == {"phone": "+8613812341234", "company": "好公司"}
    assert [follow.following for follow in shown.follows] == [False]
    assert [event.props for event in queries.timeline(ctx, customer_id, types=["message_received"]).items] == [
        {"account": 1}
    ]
    assert {(one.kind, one.value) for one in queries.identities(ctx, customer_id)} >= {("unionid", None)}

    again = replace(ctx, now=ctx.now + timedelta(days=1))
    assert actions.identify(again, [Record(oa_source(1), "s2", (OPENID, UNIONID), again.now)]) == [customer_id]
    assert queries.find(again, UNIONID) == customer_id


def test_an_openid_that_only_the_account_told_is_hashed(ctx: Ctx) -> None:
    customer_id = follower(ctx)
    actions.unfollow(ctx, [Unfollow(customer_id, "oa", 1, ctx.now + timedelta(minutes=1))])
    assert holds(ctx, "o-zhang", "u-zhang", "小张") == []
    assert queries.find(ctx, OPENID) is None
    assert actions.identify(ctx, [Record(oa_source(1), "s2", (OPENID,), ctx.now)]) == [customer_id]


def test_a_late_unsubscription_before_the_present_follow_erases_nothing(ctx: Ctx) -> None:
    customer_id = follower(ctx)
    actions.unfollow(ctx, [Unfollow(customer_id, "oa", 1, ctx.now - timedelta(minutes=5))])
    assert queries.profile(ctx, customer_id).attributes == {"name": "小张", "city": "杭州"}
    assert [follow.following for follow in queries.profile(ctx, customer_id).follows] == [True]


def test_what_another_source_knows_survives_the_unsubscription(ctx: Ctx) -> None:
    customer_id = follower(ctx)
    external = Identity("external_userid", "e1", "corp")
    actions.identify(ctx, [Record(wecom_source(2), "c1", (external, UNIONID), ctx.now, {"name": "张老师"})])
    actions.unfollow(ctx, [Unfollow(customer_id, "oa", 1, ctx.now + timedelta(minutes=1))])
    assert queries.find(ctx, UNIONID) == customer_id
    assert queries.profile(ctx, customer_id).attributes == {"name": "张老师"}


def test_erasing_a_person_leaves_counts_and_nothing_personal(ctx: Ctx) -> None:
    customer_id = follower(ctx)
    visit = NewVisit("anon-77", "web", "w1", "web_visited", ctx.now, None, {"url": "https://x.example/zhang"})
    actions.visit(ctx, [visit])
    known = (OPENID, PHONE, Identity("anonymous_id", "anon-77"))
    actions.identify(ctx, [Record("form:1", "f1", known, ctx.now, {"company": "好公司"})])
    actions.opt_out(ctx, ids_of([customer_id]), "退订")
    before = len(queries.timeline(ctx, customer_id).items)
    other = actions.identify(ctx, [Record("form:1", "f2", (Identity("email", "li@example.com"),), ctx.now)])

    actions.erase(ctx, customer_id)
    assert holds(ctx, "o-zhang", "u-zhang", "13812341234", "小张", "好公司", "anon-77", "x.example") == []
    assert queries.active(ctx, [customer_id, *other]) == set(other)
    events = queries.timeline(ctx, customer_id).items
    assert len(events) == before + 1
    assert {event.type for event in events} >= {"erased", "message_received", "web_visited"}
    assert queries.find(ctx, OPENID) is None
    assert actions.identify(ctx, [Record(oa_source(1), "s9", (OPENID,), ctx.now)]) != [customer_id]


def test_erasing_one_side_of_a_case_settles_it(ctx: Ctx) -> None:
    a, b = actions.identify(
        ctx,
        [
            Record("t", "a", (Identity("unionid", "a"), PHONE), ctx.now),
            Record("t", "b", (Identity("unionid", "b"), PHONE), ctx.now),
        ],
    )
    assert len(queries.cases(ctx).items) == 1
    actions.erase(ctx, b)
    assert queries.cases(ctx).items == []
    assert queries.find(ctx, PHONE) == a


def test_a_copy_of_everything_about_one_person(ctx: Ctx) -> None:
    customer_id = follower(ctx)
    copy = queries.export(ctx, customer_id)
    assert copy["attributes"] == {"name": "小张", "city": "杭州"}
    assert {one["value"] for one in copy["identities"]} == {"o-zhang", "u-zhang"}
    assert [one["kind"] for one in copy["consents"]] == ["contact"]
    assert "message_received" in {one["type"] for one in copy["events"]}
    audited = "select count(*) from audit_log where action = 'customers.export'"
    assert ctx.tx.execute(text(audited)).scalar_one() == 1


def test_what_a_source_brought_is_taken_back_whole(ctx: Ctx) -> None:
    (kept,) = actions.identify(ctx, [Record("oa:1", "k", (OPENID,), ctx.now, {"city": "杭州"}, Touch("oa_scene", "a"))])
    crm = [Identity("crm_id", str(n), "crm") for n in range(3)]
    later = replace(ctx, now=ctx.now + timedelta(hours=1))
    rows = [
        Record("import:5", "1", (crm[0], OPENID), later.now, {"city": "苏州"}, Touch("import", "5")),
        Record("import:5", "2", (crm[1],), later.now, {"name": "新人"}),
        Record("import:5", "3", (crm[2], PHONE), later.now, {"name": "旧人"}),
    ]
    first = actions.identify(later, rows)
    actions.record(later, [NewEvent("import:5", "e1", "order_placed", later.now, kept)])
    assert first[0] == kept
    assert queries.profile(later, kept).attributes == {"city": "苏州"}
    while actions.take_back(later, "import:5", 2):
        pass
    assert queries.active(later, [kept, *first]) == {kept}
    shown = queries.profile(later, kept)
    assert shown.attributes == {"city": "杭州"}
    assert shown.latest_touch is not None
    assert (shown.latest_touch.kind, shown.latest_touch.code) == ("oa_scene", "a")
    assert queries.timeline(later, kept, types=["order_placed"]).items == []
    assert holds(later, "新人", "旧人") == []
    assert actions.record(later, [NewEvent("import:5", "e1", "order_placed", later.now, kept)]).new == 1
    assert len(set(actions.identify(later, rows))) == 3
