"""Which origins are one customer: the pure function, on hand-made and on random graphs."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from siyu.customers.resolve import Graph, Outcome, Slot, Statement, resolve

UNION: Slot = ("unionid", "")
OPEN: Slot = ("oa_openid", "1")
EXTERNAL: Slot = ("external_userid", "corp")
CRM: Slot = ("crm_id", "crm")


def people(outcome: Outcome) -> set[frozenset[int]]:
    return set(outcome.people)


def cases(outcome: Outcome) -> set[frozenset[frozenset[int]]]:
    return {frozenset(case) for case in outcome.cases}


def sets(*groups: set[int]) -> set[frozenset[int]]:
    return {frozenset(group) for group in groups}


def test_exclusive_links_unite_at_once_over_any_number_of_steps() -> None:
    outcome = resolve(Graph({1: OPEN, 2: UNION, 3: EXTERNAL, 4: CRM}, [(1, 2), (3, 2), (4, 3)], {}))
    assert people(outcome) == sets({1, 2, 3, 4})
    assert not outcome.cases


def test_a_weak_component_merges_whole() -> None:
    outcome = resolve(Graph({1: OPEN, 2: CRM, 3: None, 4: None}, [], {90: [1, 3], 91: [3, 2], 92: [4]}))
    assert people(outcome) == sets({1, 2, 3}, {4})


def test_a_weak_component_with_a_contradiction_merges_nothing_and_is_one_case() -> None:
    outcome = resolve(Graph({1: UNION, 2: UNION, 3: None, 4: CRM}, [], {90: [1, 2, 3], 91: [1, 4]}))
    assert people(outcome) == sets({1}, {2}, {3}, {4})
    assert cases(outcome) == {frozenset(sets({1}, {2}, {3}, {4}))}


def test_contradicting_links_are_not_followed_but_sound_ones_beside_them_are() -> None:
    # unionids 1 and 2 both claim the openid 3; what hangs on them elsewhere is untouched
    graph = Graph(
        {1: UNION, 2: UNION, 3: OPEN, 4: EXTERNAL, 5: CRM, 6: ("oa_openid", "2")},
        [(1, 3), (2, 3), (1, 4), (4, 5), (1, 5), (2, 6)],
        {},
    )
    outcome = resolve(graph)
    assert people(outcome) == sets({1, 4, 5}, {2, 6}, {3})
    assert cases(outcome) == {frozenset(sets({1, 4, 5}, {2, 6}, {3}))}


def test_same_forces_people_together_and_different_keeps_them_apart() -> None:
    weak = {90: [1, 2, 3]}
    slots: dict[int, Slot | None] = {1: UNION, 2: UNION, 3: None}
    same = resolve(Graph(slots, [], weak, [Statement(1, True, (frozenset({1, 2, 3}),))]))
    assert people(same) == sets({1, 2, 3})
    assert not same.cases
    groups = (frozenset({1}), frozenset({2}), frozenset({3}))
    different = resolve(Graph(slots, [], weak, [Statement(1, False, groups)]))
    assert people(different) == sets({1}, {2}, {3})
    assert not different.cases


def test_partial_decisions_leave_the_rest_open() -> None:
    outcome = resolve(
        Graph({1: UNION, 2: UNION, 3: None}, [], {90: [1, 2, 3]}, [Statement(1, True, (frozenset({1, 3}),))])
    )
    assert people(outcome) == sets({1, 3}, {2})
    assert cases(outcome) == {frozenset(sets({1, 3}, {2}))}
    both = [Statement(1, True, (frozenset({1, 3}),)), Statement(2, False, (frozenset({1, 3}), frozenset({2})))]
    outcome = resolve(Graph({1: UNION, 2: UNION, 3: None}, [], {90: [1, 2, 3]}, both))
    assert people(outcome) == sets({1, 3}, {2})
    assert not outcome.cases


def test_people_told_apart_may_still_merge_with_others() -> None:
    told = [Statement(1, False, (frozenset({1}), frozenset({2})))]
    outcome = resolve(Graph({1: UNION, 2: UNION, 4: CRM}, [], {90: [1, 2], 91: [1, 4]}, told))
    assert people(outcome) == sets({1, 4}, {2})
    assert not outcome.cases


def test_a_merge_by_links_is_undone_by_a_decision() -> None:
    told = [Statement(1, False, (frozenset({1}), frozenset({2})))]
    outcome = resolve(Graph({1: OPEN, 2: UNION}, [(1, 2)], {}, told))
    assert people(outcome) == sets({1}, {2})
    assert not outcome.cases


def test_the_newer_of_two_contrary_decisions_prevails() -> None:
    slots: dict[int, Slot | None] = {1: UNION, 2: UNION}
    apart, joined = (frozenset({1}), frozenset({2})), (frozenset({1, 2}),)
    outcome = resolve(Graph(slots, [], {90: [1, 2]}, [Statement(1, False, apart), Statement(2, True, joined)]))
    assert people(outcome) == sets({1, 2})
    outcome = resolve(Graph(slots, [], {90: [1, 2]}, [Statement(2, False, apart), Statement(1, True, joined)]))
    assert people(outcome) == sets({1}, {2})


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(2, 9))
    nodes = list(range(1, size + 1))
    node = st.sampled_from(nodes)
    slots = {one: draw(st.sampled_from([UNION, OPEN, EXTERNAL, CRM, None])) for one in nodes}
    links = [(a, b) for a, b in draw(st.lists(st.tuples(node, node), max_size=9)) if a != b]
    weak = {
        90 + n: group
        for n, group in enumerate(draw(st.lists(st.lists(node, unique=True, min_size=1, max_size=4), max_size=4)))
    }
    statements = []
    for order in range(draw(st.integers(0, 3))):
        labels = draw(
            st.lists(st.tuples(node, st.integers(0, 2)), unique_by=lambda pair: pair[0], min_size=2, max_size=5)
        )
        groups = [frozenset(one for one, label in labels if label == number) for number in range(3)]
        same = draw(st.booleans())
        told = (frozenset().union(*groups),) if same else tuple(group for group in groups if group)
        statements.append(Statement(order, same, told))
    return Graph(slots, links, weak, statements)


@given(graphs(), st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_numbers_of_the_facts_matter(graph: Graph, chance: random.Random) -> None:
    names = list(graph.slots)
    chance.shuffle(names)
    other = dict(zip(graph.slots, names, strict=True))
    links = [(other[b], other[a]) for a, b in graph.links]
    chance.shuffle(links)
    weak = [(value, [other[one] for one in group]) for value, group in graph.weak.items()]
    chance.shuffle(weak)
    statements = [
        Statement(one.order, one.same, tuple(frozenset(other[x] for x in group) for group in reversed(one.groups)))
        for one in graph.statements
    ]
    chance.shuffle(statements)
    slots = {other[one]: slot for one, slot in graph.slots.items()}
    renamed = resolve(Graph(slots, links, dict(weak), statements))
    outcome = resolve(graph)
    assert people(renamed) == {frozenset(other[one] for one in person) for person in outcome.people}
    assert cases(renamed) == {
        frozenset(frozenset(other[one] for one in person) for person in case) for case in outcome.cases
    }


@given(graphs())
def test_without_decisions_nobody_ever_has_two_values_of_an_exclusive_kind(graph: Graph) -> None:
    outcome = resolve(Graph(graph.slots, graph.links, graph.weak))
    assert sorted(one for person in outcome.people for one in person) == sorted(graph.slots)
    for person in outcome.people:
        filled = [slot for one in person if (slot := graph.slots[one]) is not None]
        assert len(filled) == len(set(filled))
    everybody = set(outcome.people)
    for case in outcome.cases:
        assert set(case) <= everybody
        filled = [slot for person in case for one in person if (slot := graph.slots[one]) is not None]
        assert len(filled) > len(set(filled))


@given(graphs())
def test_standing_decisions_hold(graph: Graph) -> None:
    newest = max(graph.statements, key=lambda one: one.order, default=None)
    if newest is None:
        return
    outcome = resolve(graph)
    home = {one: index for index, person in enumerate(outcome.people) for one in person}
    if newest.same:
        assert len({home[one] for one in newest.groups[0]}) == 1
    else:
        homes = [{home[one] for one in group} for group in newest.groups]
        assert all(not (a & b) for index, a in enumerate(homes) for b in homes[index + 1 :])
