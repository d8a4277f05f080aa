"""Whatever both sides do, in whatever order and with lost and doubled callbacks: reconciled, they say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from siyu.intake.lookups import LOOKUPS
from siyu.kernel.db import ids_of
from siyu.kernel.jobs import Phased
from siyu.tags import actions, queries
from siyu.tags.marking import MARKS
from tests.platforms.sandboxed import Platforms
from tests.tags.sandboxed import both as both
from tests.tags.sandboxed import call, customer, hand, here, reconcile, rest, settle, there

TAGS = ("价值/高", "价值/中", "价值/低")
PEOPLE = (1, 2)

tag, person, staff = st.sampled_from(TAGS), st.sampled_from(PEOPLE), st.sampled_from(("lisi", "wangwu"))
gives = st.booleans()
ACTS = st.one_of(
    st.tuples(st.just("here"), tag, person, gives),
    st.tuples(st.just("member"), tag, person, gives, staff),
    st.tuples(st.just("console"), tag, person, gives),
    st.tuples(st.sampled_from(("begin", "end")), st.sampled_from((LOOKUPS, MARKS))),
    st.tuples(st.just("settle")),
)


@dataclass
class Company:
    """Both sides, and work that was begun and not recorded yet."""

    both: Platforms
    tags: dict[str, int]
    under_way: list[tuple[Phased[Any, Any], Any, Any]] = field(default_factory=list)

    def here(self, path: str, who: int, gives: bool) -> None:
        chosen, tag_id = ids_of([customer(self.both, who)]), self.tags[path]
        with self.both.world.open() as ctx:
            if gives:
                actions.add(ctx, tag_id=tag_id, who=chosen, why="这边")
            else:
                actions.remove(ctx, tag_id=tag_id, who=chosen, why="这边")

    def member(self, path: str, who: int, gives: bool, userid: str) -> None:
        hand(self.both, userid, who, **{"add" if gives else "remove": (path,)})

    def console(self, path: str, who: int, gives: bool) -> None:
        endpoint = "members_tag" if gives else "members_untag"
        call(self.both, "oa", endpoint, openid_list=[self.both.openid(who)], tagid=oa_tags(self.both)[path])

    def begin(self, phased: Phased[Any, Any]) -> None:
        with self.both.world.open() as ctx:
            work = phased.claim(ctx)
        if work is not None:
            self.under_way.append((phased, work, phased.act(work, self.both.senders)))

    def end(self, phased: Phased[Any, Any]) -> None:
        for one in [one for one in self.under_way if one[0] is phased]:
            with self.both.world.open() as ctx:
                phased.record(ctx, one[1], one[2])
            self.under_way.remove(one)

    def settle(self) -> None:
        if not self.under_way:
            settle(self.both)


def oa_tags(both: Platforms) -> dict[str, int]:
    listed = call(both, "oa", "tag_list").data["tags"]
    assert isinstance(listed, list)
    return {one["name"]: one["id"] for one in listed}


def at_official_account(both: Platforms, who: int) -> set[str]:
    carried = call(both, "oa", "user_info", openid=both.openid(who)).data["tagid_list"]
    names = {one: name for name, one in oa_tags(both).items()}
    assert isinstance(carried, list)
    return {names[one] for one in carried}


def test_both_sides_end_the_same(both: Platforms) -> None:
    rest(both)
    with both.world.open() as ctx:
        tags = {path: actions.ensure(ctx, path) for path in TAGS}
        group_id = queries.by_ids(ctx, [tags[TAGS[0]]])[tags[TAGS[0]]].group_id
        actions.set_outward(ctx, group_id, both.wecom, on=True)
        actions.set_outward(ctx, group_id, both.oa, on=True)
    rest(both)

    @settings(max_examples=3, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
    @given(acts=st.lists(ACTS, min_size=5, max_size=20), seed=st.integers(0, 1_000))
    def play(acts: Sequence[tuple[Any, ...]], seed: int) -> None:
        both.sandbox.set_faults(seed=seed, lose=0.4, duplicate=0.3, tag_conflict=0.2)
        company = Company(both, tags)
        for name, *rest_of in acts:
            getattr(company, name)(*rest_of)
        for phased in (LOOKUPS, MARKS):
            company.end(phased)
        rest(both)
        both.sandbox.set_faults(lose=0.0, duplicate=0.0, tag_conflict=0.0)
        reconcile(both)
        for who in PEOPLE:
            union = set().union(*there(both, who).values())
            assert here(both, who) == union == at_official_account(both, who), (acts, seed)
        assert both.world.rows("select problem from tag_mark") == []

    play()
