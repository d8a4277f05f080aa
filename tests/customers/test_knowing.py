"""Records about people who are known already: they are resolved only where something could change, and then rightly."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from siyu.customers import actions, queries
from siyu.customers.types import Identity, NewEvent, Record
from siyu.kernel.ctx import Ctx
from tests.support.statements import Statements

PHONE, OTHER = "13812340001", "13812340002"


def record(ctx: Ctx, key: str, *identities: tuple[str, str], source: str = "list") -> Record:
    scopes = {"crm_id": "crm"}
    known = tuple(Identity(kind, value, scopes.get(kind, "")) for kind, value in identities)
    return Record(source, key, known, ctx.now, {"name": key})


def arrive(ctx: Ctx, *records: Record) -> list[int]:
    return actions.identify(ctx, list(records))


def sides(ctx: Ctx) -> list[set[int]]:
    return [{member.customer_id for member in case.members} for case in queries.cases(ctx).items]


def resolving(statements: Statements) -> int:
    return sum("recursive" in one for one in statements.texts)


def test_a_phone_that_one_person_has_means_that_person_without_resolving(ctx: Ctx, statements: Statements) -> None:
    (a, b) = arrive(ctx, record(ctx, "a", ("crm_id", "A"), ("phone", PHONE)), record(ctx, "b", ("phone", OTHER)))
    statements.reset()
    assert arrive(ctx, record(ctx, "x", ("phone", OTHER)), record(ctx, "y", ("phone", PHONE))) == [b, a]
    assert resolving(statements) == 0
    assert queries.find(ctx, Identity("phone", PHONE)) == a
    assert sides(ctx) == []


def test_what_another_source_tells_again_is_not_resolved(ctx: Ctx, statements: Statements) -> None:
    told = record(ctx, "a", ("crm_id", "A"), ("phone", PHONE))
    (a,) = arrive(ctx, told)
    statements.reset()
    assert arrive(ctx, Record("second", "1", told.identities, ctx.now)) == [a]
    assert resolving(statements) == 0
    sources = {source for one in queries.identities(ctx, a) for source in one.sources}
    assert sources == {"list", "second"}


def test_a_phone_in_a_review_case_joins_the_case_not_the_person(ctx: Ctx) -> None:
    mail = ("email", "both@example.com")
    a, b = arrive(
        ctx,
        record(ctx, "a", ("crm_id", "A"), ("phone", PHONE), mail),
        record(ctx, "b", ("crm_id", "B"), mail),
    )
    assert sides(ctx) == [{a, b}]
    (x,) = arrive(ctx, record(ctx, "x", ("phone", PHONE)))
    assert x not in (a, b)
    assert sides(ctx) == [{a, b, x}]


def test_two_phones_of_two_people_join_them_or_ask(ctx: Ctx) -> None:
    a, b = arrive(ctx, record(ctx, "a", ("phone", PHONE)), record(ctx, "b", ("phone", OTHER)))
    assert arrive(ctx, record(ctx, "x", ("phone", PHONE), ("phone", OTHER))) == [a]
    assert queries.origins(ctx, [b]) == {b: a}


def test_who_comes_by_a_phone_follows_when_the_same_batch_merges_its_holder(ctx: Ctx) -> None:
    a, b = arrive(
        ctx, record(ctx, "a", ("phone", PHONE)), record(ctx, "b", ("crm_id", "B"), ("email", "b@example.com"))
    )
    batch = [record(ctx, "x", ("phone", PHONE)), record(ctx, "y", ("phone", OTHER), ("email", "b@example.com"))]
    assert arrive(ctx, *batch) == [a, b]
    join = record(ctx, "j", ("phone", PHONE), ("email", "b@example.com"))
    assert set(arrive(ctx, record(ctx, "z", ("phone", OTHER)), join)) == {a}
    assert set(queries.origins(ctx, [a, b]).values()) == {a}


@pytest.mark.parametrize("count", [3, 80])
def test_events_that_siyu_tells_of_itself_take_no_key_and_others_are_still_told_once(ctx: Ctx, count: int) -> None:
    records = [record(ctx, f"n{n}", ("phone", f"139{n:08d}")) for n in range(count)]
    visits = [[NewEvent("web", f"v{n}", "web_visited", ctx.now, 0)] for n in range(count)]
    for _ in range(2):
        actions.recognise(ctx, records, visits)
    rows = ctx.tx.execute(text("select type, count(*) from event group by 1 order by 1")).all()
    assert [tuple(row) for row in rows] == [("created", count), ("web_visited", count)]
    assert ctx.tx.execute(text("select count(*) from event_key")).scalar_one() == count
    order = ctx.tx.execute(text("select type from event order by event_id")).scalars().all()
    assert order == ["created"] * count + ["web_visited"] * count
