"""Random people and random conditions over the same small vocabulary, so that they meet often."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Integer, select

from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, NewEvent, NewOrder, Record, Touch, Unfollow
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import ids_of, unnest
from siyu.platforms import actions as platforms
from siyu.segments import actions as segments
from siyu.tags import actions as tags
from siyu.team import actions as team

HOUR = timedelta(hours=1)
# On the edges of the windows that conditions ask for (12h, 2d, 30d), one tick beside them, and in between.
AGES = [
    timedelta(0),
    timedelta(minutes=-3),
    6 * HOUR,
    12 * HOUR,
    12 * HOUR + timedelta(microseconds=1),
    18 * HOUR,
    24 * HOUR,
    48 * HOUR,
    48 * HOUR + timedelta(microseconds=1),
    timedelta(days=7),
    timedelta(days=30),
    timedelta(days=33),
]
TYPES = ["message_received", "page_read", "form_submitted"]
TAGS = ["意向/高", "意向/低", "来源/展会"]
SPANS = ["6h", "12h", "2d", "30d"]
PERIODS = ["today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year", "last_year"]
SCALARS: st.SearchStrategy[Any] = st.sampled_from(["电子书", "TD", "td 退订", "", "1", True, False, 0, 1, 1.0, 2.5, 10])
DAYS = ["1990-03-02", "1992-02-29", "1992-02-28", "2000-03-01", "2026-03-02", "1985-12-31"]


@dataclass(frozen=True)
class Person:
    attributes: dict[str, object]
    tags: list[str]
    touch: tuple[str, str] | None
    follows: list[int]
    left: list[int]
    contacts: list[str]
    opted_out: bool
    member: bool


@dataclass(frozen=True)
class People:
    persons: list[Person]
    events: list[tuple[int, str, timedelta, int | None, dict[str, object]]]
    orders: list[tuple[int, int, str, str, timedelta]]
    ids: list[int] = field(default_factory=list)


_person = st.builds(
    Person,
    st.fixed_dictionaries(
        {},
        optional={
            "region": st.sampled_from(["上海", "Shanghai", "北京"]),
            "birthday": st.sampled_from(DAYS),
            "level": st.integers(-1, 3),
            "weight": st.sampled_from([0, 0.1, 2.5, 10]),
            "vip": st.booleans(),
            "spent": st.sampled_from([0, 99, 100]).map(lambda amount: {"amount": amount, "currency": "CNY"}),
            "renewed": st.sampled_from(["2026-03-01T16:00:00Z", "2026-02-01T01:00:00Z", "2026-03-01T13:00:00Z"]),
            "plan": st.sampled_from(["basic", "pro"]),
            "owner_id": st.sampled_from([1, 2]),
        },
    ),
    st.lists(st.sampled_from(TAGS), unique=True, max_size=2),
    st.none() | st.tuples(st.sampled_from(["oa_scene", "form"]), st.sampled_from(["expo", "a"])),
    st.lists(st.sampled_from([1, 2]), unique=True, max_size=2),
    st.lists(st.sampled_from([1, 2]), unique=True, max_size=2),
    st.lists(st.sampled_from(["s1", "s2", "nobody"]), unique=True, max_size=2),
    st.booleans(),
    st.booleans(),
)
_props = st.dictionaries(st.sampled_from(["text", "n"]), SCALARS | st.none() | st.just(["电子书"]), max_size=2)


@st.composite
def peoples(draw: st.DrawFn) -> People:
    persons = draw(st.lists(_person, min_size=2, max_size=5))
    who = st.integers(0, len(persons) - 1)
    ages, contents = st.sampled_from(AGES), st.sampled_from([None, 1, 2])
    events = draw(st.lists(st.tuples(who, st.sampled_from(TYPES), ages, contents, _props), max_size=14))
    orders = draw(
        st.lists(
            st.tuples(
                who,
                st.sampled_from([0, 100, 250]),
                st.sampled_from(["CNY", "USD"]),
                st.sampled_from(["placed", "paid", "refunded"]),
                ages.filter(lambda age: age >= timedelta(0)),
            ),
            max_size=5,
        )
    )
    return People(persons, events, orders)


@dataclass(frozen=True)
class Names:
    """The ids behind the numbers that conditions use for accounts and staff."""

    accounts: dict[int, int]
    staff: dict[int, int]

    def real(self, condition: Any) -> Any:
        """A condition with real account ids."""
        if isinstance(condition, list):
            return [self.real(part) for part in condition]
        if not isinstance(condition, dict):
            return condition
        found = {key: self.real(value) for key, value in condition.items()}
        return found | ({"account_id": self.accounts[found["account_id"]]} if "account_id" in found else {})


def _attributes_of(person: Person, names: Names) -> dict[str, object]:
    found = person.attributes | ({"name": "member"} if person.member else {})
    owner = found.get("owner_id")
    return found | ({"owner_id": names.staff[owner]} if isinstance(owner, int) else {})


def define(ctx: Ctx) -> Names:
    """The attributes, tags, accounts, staff and the segment that conditions may name."""
    kinds: dict[str, Any] = {
        "level": "int", "weight": "number", "vip": "bool", "spent": "money", "renewed": "time", "plan": "enum",
    }  # fmt: skip
    for name, kind in kinds.items():
        customers.define_attribute(ctx, name, name, kind, ["basic", "pro"] if kind == "enum" else ())
    for path in TAGS:
        tags.ensure(ctx, path)
    segments.save(ctx, name="inner", condition={"kind": "attribute", "name": "name", "op": "eq", "value": "member"})
    accounts = {n: platforms.save_account(ctx, kind="oa", key=f"wx{n:016d}", name=f"OA {n}") for n in (1, 2)}
    staff = {n: team.add_staff(ctx, name=f"Staff {n}", roles=["sales"], userid=f"s{n}") for n in (1, 2)}
    return Names(accounts, staff)


def settle(ctx: Ctx, people: People, names: Names) -> list[int]:
    """Write the people; returns their ids, in order."""
    records = [
        Record(
            "test",
            f"p{index}",
            (Identity("unionid", f"u{index}"),),
            ctx.now,
            _attributes_of(person, names),
            Touch(*person.touch) if person.touch else None,
        )
        for index, person in enumerate(people.persons)
    ]
    ids = customers.identify(ctx, records)
    pairs = [(ids[i], tags.ensure(ctx, path)) for i, person in enumerate(people.persons) for path in person.tags]
    if pairs:
        given = unnest("p", customer_id=(Integer(), [p[0] for p in pairs]), tag_id=(Integer(), [p[1] for p in pairs]))
        tags.add_pairs(ctx, select(given.c.customer_id, given.c.tag_id), why="test")
    customers.follow(
        ctx,
        [
            Follow(ids[i], "oa", account, ctx.now)
            for i, person in enumerate(people.persons)
            for account in person.follows
        ]
        + [
            Follow(ids[i], "wecom", names.accounts[1], ctx.now, staff=userid)
            for i, person in enumerate(people.persons)
            for userid in person.contacts
        ],
    )
    customers.unfollow(
        ctx,
        [
            Unfollow(ids[i], "oa", account, ctx.now)
            for i, person in enumerate(people.persons)
            for account in person.left
        ],
    )
    customers.opt_out(ctx, ids_of([ids[i] for i, person in enumerate(people.persons) if person.opted_out]), "TD")
    customers.record(
        ctx,
        [
            NewEvent("test", f"e{n}", kind, ctx.now - age, ids[i], content, props)
            for n, (i, kind, age, content, props) in enumerate(people.events)
        ],
        imported=True,
    )
    customers.save_orders(
        ctx,
        [
            NewOrder("shop", f"o{n}", ids[i], amount, currency, status, ctx.now - age, ctx.now - age)  # type: ignore[arg-type]  # drawn from its literals
            for n, (i, amount, currency, status, age) in enumerate(people.orders)
        ],
    )
    return ids


# --- conditions ------------------------------------------------------------------------------------------------

Json = dict[str, Any]
_spans, _periods = st.sampled_from(SPANS), st.sampled_from(PERIODS)
_number = st.sampled_from([0, 1, 2, 2.5, 100])
_range = st.dictionaries(st.sampled_from(["eq", "ge", "gt", "le", "lt"]), _number, min_size=1, max_size=2)
_window = st.one_of(
    st.just({}),
    st.builds(lambda span: {"within": span}, _spans),
    st.builds(lambda period: {"period": period}, _periods),
    st.just({"from": "2026-03-01T00:00:00+08:00", "to": "2026-03-02T09:00:00+08:00"}),
    st.just({"from": "2026-02-28T01:00:00Z"}),
)
_test = SCALARS | st.one_of(
    st.builds(lambda op, value: {op: value}, st.sampled_from(["eq", "ne"]), SCALARS),
    st.builds(lambda values: {"in": values}, st.lists(SCALARS, min_size=1, max_size=3)),
    st.builds(
        lambda op, value: {op: value}, st.sampled_from(["contains", "starts"]), st.sampled_from(["电", "TD", "t"])
    ),
    st.builds(lambda op, value: {op: value}, st.sampled_from(["ge", "gt", "le", "lt"]), _number),
    st.just({"exists": True}),
)
_matcher = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True)},
    optional={
        "where": st.dictionaries(st.sampled_from(["text", "n"]), _test, max_size=2),
        "content": st.sampled_from([1, [1, 2]]),
    },
)


def _merged(*parts: Json) -> Json:
    return {key: value for part in parts for key, value in part.items()}


def _leaf(kind: str, *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.builds(_merged, st.just({"kind": kind}), *parts)


_count: st.SearchStrategy[Json] = st.one_of(st.just({}), _range.map(lambda given: {"count": given}))
_relative = st.sampled_from([{"ago": "12h"}, {"ago": "30d"}, {"ahead": "2d"}])
_whole = st.sampled_from([{"ago": "2d"}, {"ahead": "1w"}, {"ago": "30d"}])
_compare = st.sampled_from(["lt", "le", "gt", "ge"])


def _attribute(name: str, op: st.SearchStrategy[str], value: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.builds(lambda op, value: {"kind": "attribute", "name": name, "op": op, "value": value}, op, value)


_equal = st.sampled_from(["eq", "ne"])
_times = st.sampled_from(["2026-03-02T00:00:00+08:00", "2026-02-01T01:00:00Z"]) | _relative
_attributes = st.one_of(
    _attribute("region", st.sampled_from(["eq", "ne", "contains", "starts"]), st.sampled_from(["上海", "SHANG", "海"])),
    _attribute("region", st.just("in"), st.lists(st.sampled_from(["上海", "北京"]), min_size=1)),
    _attribute("plan", _equal, st.sampled_from(["basic", "pro"])),
    _attribute("vip", _equal, st.booleans()),
    _attribute("level", _equal | _compare, st.integers(-1, 3)),
    _attribute("level", st.sampled_from(["in", "between"]), st.lists(st.integers(-1, 3), min_size=2, max_size=2)),
    _attribute("weight", _equal | _compare, _number | st.just(0.1)),
    _attribute("spent", _equal | _compare, st.sampled_from([0, 99, 100])),
    _attribute("birthday", _equal | _compare, st.sampled_from(DAYS) | _whole),
    _attribute("birthday", st.just("between"), st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map(list)),
    _attribute("birthday", st.just("period"), _periods),
    _attribute("renewed", _compare, _times),
    _attribute("renewed", st.just("between"), st.tuples(_times, _times).map(list)),
    _attribute("renewed", st.just("period"), _periods),
    _attribute("created_at", _compare, _times),
    _attribute("last_activity_at", _compare, _times),
    st.sampled_from(["region", "vip", "renewed"]).map(lambda name: {"kind": "attribute", "name": name, "op": "exists"}),
)
_dates = st.one_of(
    st.just({"today": True}),
    st.sampled_from([{"month": "current"}, {"month": [3]}, {"month": [1, 12]}]),
    st.sampled_from([18, 34, 36]).flatmap(lambda years: _compare.map(lambda op: {"age": {op: years}})),
    st.sampled_from([{"le": 3}, {"eq": 0}, {"ge": 1, "lt": 30}]).map(lambda given: {"days_until": given}),
)
leaves: st.SearchStrategy[Json] = st.one_of(
    _leaf("event", _matcher, _window, _count),
    _leaf(
        "sequence",
        st.builds(_merged, _matcher, _window).map(lambda first: {"first": first}),
        st.builds(lambda key, second: {key: second}, st.sampled_from(["then", "then_not"]), _matcher),
        _spans.map(lambda span: {"within": span}),
    ),
    _leaf(
        "tag",
        st.sampled_from(TAGS).map(lambda tag: {"tag": tag})
        | st.builds(
            lambda given, match: {"tag": given, "match": match},
            st.lists(st.sampled_from(TAGS), min_size=1, max_size=2),
            st.sampled_from(["any", "all"]),
        ),
    ),
    _attributes,
    _leaf("date", _dates),
    _leaf("owner", st.sampled_from([{}, {"staff": ["s1"]}, {"staff": ["s1", "s2"]}])),
    _leaf(
        "source",
        st.sampled_from([{}, {"touch": "latest"}, {"via": ["form"]}, {"code": ["expo"], "via": ["oa_scene", "form"]}]),
        _window,
    ),
    _leaf(
        "order",
        _window,
        _count,
        _range.map(lambda given: {"amount": given}) | st.just({}),
        st.sampled_from([{}, {"last_before": "2d"}, {"last_before": "12h", "status": ["placed", "paid"]}]),
    ),
    _leaf(
        "account",
        st.fixed_dictionaries({}, optional={"account_id": st.sampled_from([1, 2])}),
        st.sampled_from([{}, {"following": False}, {"following": False, "lost": True}]),
    ),
    _leaf("follow", st.sampled_from([{}, {"staff": ["s1"]}, {"staff": ["s2", "nobody"]}])),
    _leaf("pushes", st.sampled_from([{}, {"wanted": False}])),
    _leaf("segment", st.just({"segment": "inner"})),
)
_since = st.just({"since": "entered"})
_entered = st.one_of(
    _leaf("event", _matcher, _window, _count, _since),
    _leaf(
        "sequence",
        st.builds(_merged, _matcher, _window, _since).map(lambda first: {"first": first}),
        st.builds(lambda key, second: {key: second}, st.sampled_from(["then", "then_not"]), _matcher),
        _spans.map(lambda span: {"within": span}),
    ),
    _leaf("source", st.sampled_from([{}, {"touch": "latest"}, {"via": ["form"]}]), _window, _since),
    _leaf("order", _window, _count, st.sampled_from([{}, {"last_before": "2d"}]), _since),
)


def _nested(parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.recursive(
        parts,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=5,
    )


conditions = _nested(leaves)
entered_conditions = _nested(_entered | leaves)
"""Conditions as journeys ask them: they may count since each person's entering."""


def plain(ctx: Ctx, *names: str) -> list[int]:
    """People with nothing but a unionid."""
    return customers.identify(ctx, [Record("test", name, (Identity("unionid", name),), ctx.now) for name in names])


def happened(ctx: Ctx, customer_id: int, kind: str, at: datetime | None = None, **props: object) -> None:
    """Record one event."""
    moment = at or ctx.now
    key = f"{kind}:{customer_id}:{moment.isoformat()}:{sorted(props.items())}"
    customers.record(ctx, [NewEvent("test", key, kind, moment, customer_id, props=props)], imported=True)


# What often changes, by events, tags, merges and time, for tests in which much happens.
_plain = st.sampled_from(TYPES).map(lambda kind: {"type": kind})
restless: st.SearchStrategy[Json] = st.one_of(
    _leaf("event", _plain, _spans.map(lambda span: {"within": span}), _count),
    _leaf(
        "sequence",
        _plain.map(lambda first: {"first": first}),
        st.builds(lambda key, second: {key: second}, st.sampled_from(["then", "then_not"]), _plain),
        _spans.map(lambda span: {"within": span}),
    ),
    st.sampled_from(TAGS).map(lambda tag: {"not": {"kind": "tag", "tag": tag}}),
)
