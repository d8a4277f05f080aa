"""Profiles against a reference: whatever values at their limits or absent, in whatever order and batches they come, and
whoever merges and parts, each customer shows the winners of the facts about their origins."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.customers import actions, queries
from siyu.customers.types import Identity, Record
from siyu.kernel.ctx import Actor, Ctx

PEOPLE = {name: Identity("unionid", name) if name == "u" else Identity("oa_openid", name, "1") for name in "uo"}
TYPES = {"points": "int", "rate": "number", "vip": "bool", "since": "date", "spent": "money", "note": "text"}
BIG = 2**53 - 1
VALUES: dict[str, list[object]] = {
    "city": [None, "", "上海", 'a"b\\c', "x" * 2000],
    "birthday": [None, "0001-01-01", "2024-02-29", "9999-12-31"],
    "points": [None, 0, -BIG, BIG],
    "rate": [None, 0.0, -0.5, 1e-9],
    "vip": [None, False, True],
    "since": [None, "1999-12-31"],
    "spent": [None, {"amount": 0, "currency": "CNY"}, {"amount": -BIG, "currency": "USD"}],
    "note": [None, "", "😀", "null"],
}


@dataclass(frozen=True)
class Told:
    """What somebody says about a person, so many minutes ago; ``hand``: a staff member edits the profile."""

    person: str
    source: str
    minutes: int
    values: dict[str, object] = field(default_factory=dict)
    hand: bool = False


@st.composite
def tellings(draw: st.DrawFn) -> list[Told]:
    values = st.dictionaries(st.sampled_from(sorted(VALUES)), st.integers(0, 9), min_size=1, max_size=4)
    found = []
    # Each at its own minute: what one source says twice at the same time is a tie of its own.
    for minutes in draw(st.lists(st.integers(1, 40), min_size=1, max_size=7, unique=True)):
        chosen = {name: VALUES[name][place % len(VALUES[name])] for name, place in draw(values).items()}
        source = draw(st.sampled_from(["a", "b"]))
        found.append(Told(draw(st.sampled_from("uo")), source, minutes, chosen, draw(st.booleans()) and minutes < 20))
    return found


def winners(told: Sequence[Told], people: str) -> dict[str, object]:
    """By hand before sources, then the latest; a source that says nothing leaves what was, a hand empties."""
    held: dict[str, tuple[tuple[bool, int], object]] = {}
    for one in told:
        if one.person not in people:
            continue
        for name, given_value in one.values.items():
            value = None if given_value == "" else given_value
            if value is None and not one.hand:
                continue
            rank = (one.hand, -one.minutes)
            if name not in held or held[name][0] < rank:
                held[name] = (rank, value)
    return {name: value for name, (_, value) in held.items() if value is not None}


def take_in(ctx: Ctx, order: Sequence[Told], ids: dict[str, int], chance: random.Random) -> None:
    """Records of sources come in batches of random size, edits by hand one by one."""
    left = list(order)
    while left:
        if left[0].hand:
            one, left = left[0], left[1:]
            hand = replace(ctx, now=ctx.now - timedelta(minutes=one.minutes), actor=Actor("staff", "staff:1", 1))
            actions.set_attribute_rows(hand, [(ids[one.person], name, value) for name, value in one.values.items()], "")
            continue
        size = chance.randint(1, 3)
        batch = [one for one in left[:size] if not one.hand]
        left = [one for one in left if one not in batch]
        actions.recognise(
            ctx,
            [
                Record(
                    one.source,
                    f"r{one.minutes}",
                    (PEOPLE[one.person],),
                    ctx.now - timedelta(minutes=one.minutes),
                    one.values,
                )
                for one in batch
            ],
        )


@contextmanager
def taken_back(ctx: Ctx) -> Iterator[None]:
    savepoint = ctx.tx.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def shown(ctx: Ctx, origin: int) -> dict[str, Any]:
    return dict(queries.profile(ctx, origin).attributes)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tellings(), st.booleans(), st.randoms(use_true_random=False))
def test_each_shows_the_winners_apart_merged_and_parted_again(
    ctx: Ctx, told: list[Told], early: bool, chance: random.Random
) -> None:
    with taken_back(ctx):
        for name, kind in TYPES.items():
            actions.define_attribute(ctx, name, name, kind)  # type: ignore[arg-type]  # the literals above
        order = list(told)
        chance.shuffle(order)
        ids = {}
        if any(one.hand for one in told) or early:
            for name, identity in PEOPLE.items():
                (ids[name],) = actions.identify(ctx, [Record("first", "first", (identity,), ctx.now)])
        take_in(ctx, order, ids, chance)
        for name, identity in PEOPLE.items():
            (ids[name],) = actions.identify(ctx, [Record("first", "first", (identity,), ctx.now)])
            assert shown(ctx, ids[name]) == winners(told, name)
        decision = actions.join(ctx, list(ids.values()))
        for name in PEOPLE:
            assert shown(ctx, ids[name]) == winners(told, "uo")
        actions.undo(ctx, decision)
        for name in PEOPLE:
            assert shown(ctx, ids[name]) == winners(told, name)
