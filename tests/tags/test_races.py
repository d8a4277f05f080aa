"""Tags given, taken, expiring, merged and deleted at the same time: nothing that was said last is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Integer, literal, select, text

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.customers.types import Identity, Record
from siyu.kernel.db import ids_of
from siyu.kernel.probes import answer
from siyu.tags import actions, jobs, queries
from siyu.tags.types import UnknownTag
from tests.support.racing import beside, waits
from tests.support.waiting import until
from tests.support.world import World


def people(world: World, *names: str) -> list[int]:
    with world.open() as ctx:
        records = [Record("test", name, (Identity("unionid", name),), ctx.now) for name in names]
        return customers.identify(ctx, records)


def ensured(world: World, path: str) -> int:
    with world.open() as ctx:
        return actions.ensure(ctx, path)


def give(world: World, tag: int, *ids: int, hours: int | None = None) -> int:
    with world.open() as ctx:
        until = ctx.now + timedelta(hours=hours) if hours else None
        return actions.add(ctx, tag_id=tag, who=ids_of(ids), why="test", expires_at=until).count


def take(world: World, tag: int, *ids: int) -> int:
    with world.open() as ctx:
        return actions.remove(ctx, tag_id=tag, who=ids_of(ids), why="test").count


def carried(world: World, customer_id: int) -> set[int]:
    with world.open() as ctx:
        return {found.tag.tag_id for found in queries.assignments(ctx, customer_id)}


@pytest.mark.parametrize("hours", [None, 5])
def test_a_tag_given_again_while_it_expires_stays(world: World, hours: int | None) -> None:
    (ann,) = people(world, "ann")
    tag = ensured(world, "意向/高")
    give(world, tag, ann, hours=1)
    world.wait(hours=1)
    with world.open() as tick:
        assert jobs.tick(tick, 100) == 1
        again = beside(lambda: give(world, tag, ann, hours=hours))
        waits(world, again)
    assert again.result(30) == 1
    assert carried(world, ann) == {tag}
    with world.open() as ctx:
        assert answer(ctx, jobs.DUE) == (ctx.now + timedelta(hours=hours) if hours else None)


def everywhere(world: World, customer_id: int) -> int:
    """In how many rows of tags the person still stands."""
    tables = ("customer_tags", "merged_tags", "tag_expiry")
    return sum(int(world.value(f"select count(*) from {name} where customer_id = {customer_id}")) for name in tables)


def erase(world: World, customer_id: int) -> None:
    """Erase the person, and let tags do what they do about it."""
    with world.open() as ctx:
        customers.erase(ctx, customer_id)
    with world.open() as ctx:
        actions.erase(ctx, [customer_id])


@pytest.mark.parametrize("hours", [None, 5])
def test_a_tag_given_while_its_person_is_erased_leaves_nothing(world: World, hours: int | None) -> None:
    ann, bob = people(world, "ann", "bob")
    tag = ensured(world, "意向/高")
    with world.open() as ctx:
        until = ctx.now + timedelta(hours=hours) if hours else None
        assert actions.add(ctx, tag_id=tag, who=ids_of([ann, bob]), why="test", expires_at=until).count == 2
        erasing = beside(lambda: erase(world, ann))
        waits(world, erasing)
    erasing.result(30)
    assert everywhere(world, ann) == 0
    assert carried(world, bob) == {tag}
    # And who is erased already is given nothing.
    assert give(world, tag, ann, hours=hours) == 0
    assert everywhere(world, ann) == 0


def test_a_tag_given_to_who_was_merged_away_meanwhile_is_the_persons(world: World) -> None:
    left, right = people(world, "left", "right")
    tag = ensured(world, "意向/高")
    with world.open() as ctx:
        # The statement chose the person before the merge, and writes after it.
        customers.join(ctx, [left, right])
    with world.open() as ctx:
        gone = {left, right} - customer_queries.active(ctx, [left, right])
        home = next(iter({left, right} - gone))
        actions.move(ctx, {one: (one, home) for one in gone})
    (away,) = gone
    assert give(world, tag, away) == 1
    assert carried(world, home) == {tag}
    assert everywhere(world, away) == 0


def test_what_is_given_and_taken_while_a_merge_begins_is_in_the_union(world: World) -> None:
    left, right = people(world, "left", "right")
    red, green, blue = (ensured(world, f"色/{name}") for name in ("红", "绿", "蓝"))
    give(world, red, right)
    give(world, green, left)

    def merge() -> None:
        with world.open() as ctx:
            actions.move(ctx, {right: (right, left)})

    with world.open() as ctx:
        actions.add(ctx, tag_id=blue, who=ids_of([left]), why="by hand")
        actions.remove(ctx, tag_id=green, who=ids_of([left]), why="by hand")
        merging = beside(merge)
        waits(world, merging)
    merging.result(30)
    assert carried(world, left) == {red, blue}
    assert carried(world, right) == set()


def test_what_is_given_and_taken_while_a_merge_ends_counts(world: World) -> None:
    left, right = people(world, "left", "right")
    red, green, blue = (ensured(world, f"色/{name}") for name in ("红", "绿", "蓝"))
    give(world, red, right)
    give(world, green, left)
    with world.open() as ctx:
        actions.move(ctx, {right: (right, left)})
        taking, giving = beside(lambda: take(world, green, left)), beside(lambda: give(world, blue, left))
        waits(world, taking, giving, number=2)
    assert (taking.result(30), giving.result(30)) == (1, 1)
    assert carried(world, left) == {red, blue}


def test_a_first_tag_given_while_a_merge_begins_stays(world: World) -> None:
    left, right = people(world, "left", "right")
    red, blue = ensured(world, "色/红"), ensured(world, "色/蓝")
    give(world, red, right)

    def merge() -> None:
        with world.open() as ctx:
            actions.move(ctx, {right: (right, left)})

    with world.open() as ctx:
        actions.add(ctx, tag_id=blue, who=ids_of([left]), why="by hand")
        merging = beside(merge)
        waits(world, merging)
    merging.result(30)
    assert carried(world, left) == {red, blue}


def test_deleting_a_tag_takes_it_from_who_gets_it_meanwhile(world: World) -> None:
    (ann,) = people(world, "ann")
    tag = ensured(world, "意向/高")

    def delete() -> int:
        with world.open() as ctx:
            return actions.delete(ctx, tag).count

    with world.open() as ctx:
        actions.add(ctx, tag_id=tag, who=ids_of([ann]), why="test")
        deletion = beside(delete)
        waits(world, deletion)
    assert deletion.result(30) == 1
    assert carried(world, ann) == set()


def test_a_deletion_that_meets_a_deadlock_comes_through_and_nothing_is_lost(world: World) -> None:
    ann, bob, carl = people(world, "ann", "bob", "carl")
    old, new = ensured(world, "意向/旧"), ensured(world, "意向/新")
    give(world, old, ann)
    give(world, old, bob, hours=5)

    def pair(one: int, tag: int) -> Any:
        return select(literal(one, Integer).label("customer_id"), literal(tag, Integer).label("tag_id"))

    def delete() -> int:
        with world.open() as ctx:
            return actions.delete(ctx, old).count

    with world.open() as giving:
        actions.add_pairs(giving, pair(ann, new), why="test")  # holds ann
        with world.open() as pausing:
            pausing.tx.execute(text("select 1 from tag_expiry for update"))
            deletion = beside(delete)  # holds the tag, and waits for bob's expiry
            waits(world, deletion)
            more = beside(lambda: actions.add_pairs(giving, pair(carl, old), why="test").count)  # waits for the tag
            # PostgreSQL looks for a deadlock once, a second after a wait began: by whoever closes the circle later.
            looked = (
                "select count(*) from pg_locks where not granted and waitstart < clock_timestamp() - interval '2 s'"
            )
            until(lambda: world.value(looked) >= 2, "both have waited")
        # Now the deletion goes on, to ann.
        more.result(30)
    assert deletion.result(30) == 3
    assert [carried(world, one) for one in (ann, bob, carl)] == [{new}, set(), set()]
    with world.open() as ctx:
        assert queries.by_ids(ctx, [old]) == {}


def test_nobody_gets_a_tag_that_is_being_deleted(world: World) -> None:
    (ann,) = people(world, "ann")
    tag = ensured(world, "意向/高")
    give(world, tag, ann, hours=1)

    def give_pair() -> int:
        with world.open() as ctx:
            pairs = select(literal(ann, Integer).label("customer_id"), literal(tag, Integer).label("tag_id"))
            return actions.add_pairs(ctx, pairs, why="test").count

    with world.open() as ctx:
        actions.delete(ctx, tag)
        giving, pair = beside(lambda: give(world, tag, ann)), beside(give_pair)
        waits(world, giving, pair, number=2)
    with pytest.raises(UnknownTag):
        giving.result(30)
    assert pair.result(30) == 0
    assert carried(world, ann) == set()
    with world.open() as ctx:
        assert queries.tags_of(ctx, [ann]) == {ann: ()}
