"""Merging, review and undo on real rows: story 5, and that neither order nor batching of facts decides anything."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from siyu.customers import actions, queries
from siyu.customers.cases import Case
from siyu.customers.types import (
    BadDecision,
    Identity,
    NewEvent,
    Record,
    UnknownCase,
    UnknownDecision,
    Verdict,
    oa_source,
)
from siyu.kernel.ctx import Ctx


def openid(value: str) -> Identity:
    return Identity("oa_openid", value, "1")


def unionid(value: str) -> Identity:
    return Identity("unionid", value)


def external(value: str) -> Identity:
    return Identity("external_userid", value, "corp")


def crm(value: str) -> Identity:
    return Identity("crm_id", value, "crm")


def phone(value: str) -> Identity:
    return Identity("phone", value)


MOBILE = "13812341234"


def record(ctx: Ctx, key: str, *identities: Identity, source: str = "test", **attributes: object) -> Record:
    return Record(source, key, identities, ctx.now, attributes)


def arrive(ctx: Ctx, key: str, *identities: Identity, source: str = "test", **attributes: object) -> int:
    """The facts arrive, and an event that belongs to them; returns the customer."""
    (person,) = actions.recognise(ctx, [record(ctx, key, *identities, source=source, **attributes)])
    actions.record(ctx, [NewEvent(source, key, "web_visited", ctx.now, person.customer_id, origin_id=person.origin_id)])
    return person.customer_id


def story(ctx: Ctx, customer_id: int) -> set[str]:
    """The keys of what happened to a customer."""
    return {
        str(row.key)
        for row in ctx.tx.execute(
            text("select key from event where customer_id = :id and type = 'web_visited'"), {"id": customer_id}
        )
    }


def known(case: Case) -> list[tuple[object, ...]]:
    """Who the sides of a case are; their timelines tell of the merge that was undone."""
    return [(member.customer_id, member.name, member.identities, member.first_touch) for member in case.members]


def test_one_person_four_doors_and_a_contradictory_fifth(ctx: Ctx) -> None:
    arrive(ctx, "oa", openid("o1"), unionid("u1"), source=oa_source(1), name="小张")
    arrive(ctx, "wecom", external("e1"), unionid("u1"), source="wecom:1", company="好公司")
    form = arrive(ctx, "form", phone(MOBILE), source="form:1", city="杭州")
    assert queries.find(ctx, openid("o1")) != form
    arrive(ctx, "crm", crm("c1"), unionid("u1"), phone("138-1234-1234"), source="import:1", industry="教育")

    one = queries.find(ctx, openid("o1"))
    assert one is not None
    doors = [openid("o1"), unionid("u1"), external("e1"), crm("c1"), phone(MOBILE)]
    assert set(queries.resolve(ctx, doors).values()) == {one}
    assert story(ctx, one) == {"oa", "wecom", "form", "crm"}
    shown = queries.profile(ctx, form).attributes
    assert dict(shown) == {
        "name": "小张",
        "company": "好公司",
        "city": "杭州",
        "industry": "教育",
        "phone": "+8613812341234",
    }
    merged = [event for event in queries.timeline(ctx, one).items if event.type == "merged"]
    assert [event.props["from_id"] for event in merged] == [form]

    fifth = arrive(ctx, "fifth", unionid("u2"), phone(MOBILE))
    (case,) = queries.cases(ctx).items
    assert queries.find(ctx, phone(MOBILE)) is None  # three people have it
    assert {member.customer_id for member in case.members} == {one, form, fifth}
    assert case.shared == [("phone", "+8613812341234")]
    assert story(ctx, one) == {"oa", "wecom", "crm"}
    assert story(ctx, form) == {"form"}
    assert queries.profile(ctx, form).attributes == {"city": "杭州", "phone": "+8613812341234"}
    assert "city" not in queries.profile(ctx, one).attributes

    expected: list[tuple[Verdict, set[int]]] = [("same", {one}), ("different", {one, form, fifth})]
    for verdict, homes in expected:
        decision = actions.decide(ctx, case.case_id, verdict)
        assert queries.cases(ctx).items == []
        assert set(queries.origins(ctx, [one, form, fifth]).values()) == homes
        if verdict == "same":
            assert story(ctx, one) == {"oa", "wecom", "form", "crm", "fifth"}
        actions.undo(ctx, decision)
        assert [(again.case_id, known(again)) for again in queries.cases(ctx).items] == [(case.case_id, known(case))]
        assert story(ctx, one) == {"oa", "wecom", "crm"}
        assert story(ctx, form) == {"form"}
        assert story(ctx, fifth) == {"fifth"}
        assert queries.profile(ctx, form).attributes == {"city": "杭州", "phone": "+8613812341234"}


def test_part_of_a_case_is_decided_and_the_rest_stays_open_under_its_number(ctx: Ctx) -> None:
    a = arrive(ctx, "a", unionid("u1"), phone(MOBILE))
    b = arrive(ctx, "b", unionid("u2"), phone(MOBILE))
    c = arrive(ctx, "c", phone(MOBILE))
    (case,) = queries.cases(ctx).items
    actions.decide(ctx, case.case_id, "same", [a, c])
    (rest,) = queries.cases(ctx).items
    assert rest.case_id == case.case_id
    assert {member.customer_id for member in rest.members} == {a, b}
    assert story(ctx, a) == {"a", "c"}
    with pytest.raises(BadDecision):
        actions.decide(ctx, case.case_id, "same", [a, c])
    actions.decide(ctx, case.case_id, "different")
    with pytest.raises(UnknownCase):
        actions.decide(ctx, case.case_id, "same")


def test_a_merge_by_exclusive_identity_is_undone_without_loss(ctx: Ctx) -> None:
    a = arrive(ctx, "a", openid("o1"), name="甲")
    b = arrive(ctx, "b", external("e1"), company="乙公司")
    actions.follow(ctx, [])
    both = arrive(ctx, "both", openid("o1"), unionid("u1"))
    assert arrive(ctx, "link", external("e1"), unionid("u1")) == both == a
    assert queries.origins(ctx, [b]) == {b: a}
    assert queries.profile(ctx, b).attributes == {"name": "甲", "company": "乙公司"}
    decision = actions.separate(ctx, a, [b])
    assert story(ctx, b) == {"b", "link"}
    assert story(ctx, a) == {"a", "both"}
    assert queries.profile(ctx, b).attributes == {"company": "乙公司"}
    actions.undo(ctx, decision)
    assert story(ctx, a) == {"a", "b", "both", "link"}
    with pytest.raises(UnknownDecision):
        actions.undo(ctx, decision)


def test_joined_by_hand_and_taken_back(ctx: Ctx) -> None:
    a, b = arrive(ctx, "a", unionid("u1")), arrive(ctx, "b", unionid("u2"))
    decision = actions.join(ctx, [b, a])
    assert queries.origins(ctx, [a, b]) == {a: min(a, b), b: min(a, b)}
    actions.undo(ctx, decision)
    assert queries.origins(ctx, [a, b]) == {a: a, b: b}


def test_a_record_that_contradicts_itself_is_a_case_not_a_person(ctx: Ctx) -> None:
    arrive(ctx, "a", openid("o1"), openid("o2"))
    (case,) = queries.cases(ctx).items
    assert len(case.members) == 2
    assert queries.find(ctx, openid("o1")) != queries.find(ctx, openid("o2"))


@dataclass(frozen=True)
class Arrived:
    key: str
    identities: tuple[Identity, ...]


KINDS: dict[str, Callable[[str], Identity]] = {"o": openid, "u": unionid, "e": external, "c": crm, "p": phone}


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrived]:
    named = st.sampled_from(["o1", "o2", "u1", "u2", "e1", "e2", "c1", "p1", "p2", "p3"])
    groups = draw(st.lists(st.lists(named, min_size=1, max_size=3, unique=True), min_size=2, max_size=9))
    found = []
    for number, group in enumerate(groups):
        values = [KINDS[name[0]](f"1381234000{name[1]}" if name[0] == "p" else name) for name in group]
        found.append(Arrived(f"r{number}", tuple(values)))
    return found


def take_in(ctx: Ctx, order: Sequence[Arrived], chance: random.Random) -> None:
    """Records come in batches of random size; each leaves an event with its origin."""
    left = list(order)
    while left:
        size = chance.randint(1, 4)
        batch, left = left[:size], left[size:]
        found = actions.recognise(ctx, [record(ctx, one.key, *one.identities, city=one.key) for one in batch])
        events = [
            NewEvent("test", one.key, "web_visited", ctx.now, person.customer_id, origin_id=person.origin_id)
            for one, person in zip(batch, found, strict=True)
        ]
        actions.record(ctx, events)


VERDICTS: tuple[Verdict, Verdict] = ("same", "different")
Picture = tuple[object, ...]


def picture(ctx: Ctx) -> Picture:
    """Who is whom, what happened to whom, what is open: by identity values and keys, not by numbers."""
    rows = ctx.tx.execute(
        text("select o.customer_id, i.kind || ':' || i.value as name from origin o join identity i using (origin_id)")
    )
    names: dict[int, set[str]] = {}
    for row in rows:
        names.setdefault(row.customer_id, set()).add(row.name)
    home = {customer_id: frozenset(found) for customer_id, found in names.items()}
    live = set(ctx.tx.execute(text("select customer_id from customer where status = 'active'")).scalars())
    assert live == set(home)
    events = ctx.tx.execute(text("select customer_id, key from event where type = 'web_visited'"))
    queue = ctx.tx.execute(
        text(
            "select count(*) from pulse_queue q where not exists (select from event e where e.customer_id=q.customer_id"
            " and e.event_id = q.event_id and q.slot = q.customer_id & 255)"
        )
    ).scalar_one()
    assert queue == 0
    shown = ctx.tx.execute(text("select customer_id, city, phone, email from customer where status = 'active'"))
    cases = ctx.tx.execute(
        text(
            "select c.case_id, o.customer_id from review_case c join case_member m on m.case_id = c.case_id"
            " join origin o on o.origin_id = m.origin_id where c.state = 'open'"
        )
    )
    open_cases: dict[int, set[frozenset[str]]] = {}
    for row in cases:
        open_cases.setdefault(row.case_id, set()).add(home[row.customer_id])
    return (
        frozenset(home.values()),
        frozenset((home[row.customer_id], row.key) for row in events),
        frozenset((home[row.customer_id], row.city is None, row.phone) for row in shown),
        frozenset(frozenset(found) for found in open_cases.values()),
    )


@contextmanager
def taken_back(ctx: Ctx) -> Iterator[None]:
    """A savepoint that is always rolled back."""
    savepoint = ctx.tx.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def settle_cases(ctx: Ctx, verdicts: Sequence[Verdict]) -> list[int]:
    """Decide the open cases in the order of what they are about."""
    made = []
    for verdict in verdicts:
        found = queries.cases(ctx).items
        if not found:
            break
        case = min(
            found,
            key=lambda one: sorted(
                str(known) for member in one.members for known in [(k.kind, k.value) for k in member.identities]
            ),
        )
        made.append(actions.decide(ctx, case.case_id, verdict))
    return made


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrivals(),
    st.integers(0, 9),
    st.lists(st.sampled_from(VERDICTS), max_size=2),
    st.randoms(use_true_random=False),
)
def test_neither_order_nor_batching_decides_and_undo_gives_everything_back(
    ctx: Ctx, given_records: list[Arrived], cut: int, verdicts: list[Verdict], chance: random.Random
) -> None:
    pictures: list[tuple[Picture, Picture, Picture, Picture]] = []
    for _ in range(2):
        first, second = given_records[:cut], given_records[cut:]
        chance.shuffle(first)
        chance.shuffle(second)
        with taken_back(ctx):
            take_in(ctx, first, chance)
            before = picture(ctx)
            decisions = settle_cases(ctx, verdicts)
            decided = picture(ctx)
            take_in(ctx, second, chance)
            after = picture(ctx)
            for decision in chance.sample(decisions, len(decisions)):
                actions.undo(ctx, decision)
            pictures.append((before, decided, after, picture(ctx)))
    assert pictures[0] == pictures[1]
    with taken_back(ctx):
        take_in(ctx, given_records, chance)
        assert picture(ctx) == pictures[0][3]
