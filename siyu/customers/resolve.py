"""Private: which origins are one customer, as a pure function of facts and decisions (PRODUCT.md K1, docs/adr).

1. Decisions, newest first: "same" makes groups that nothing separates, "different" labels that keep apart.
2. Exclusive links unite at once, except those on a path between contradicting nodes (two values of one exclusive
   kind, or kept apart by people): these are contested. What is united here is a cluster.
3. Clusters joined by contested links or shared weak values, except pairs that people keep apart, form components. A
   component without a contradiction is one customer; any other stays apart, and is one review case.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from siyu.customers.blocks import contested

Slot = tuple[str, str]
"""An exclusive kind and its scope: a customer has at most one value of it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A standing decision. ``order`` is unique; the higher one prevails. ``same`` has one group of origins."""

    order: int
    same: bool
    groups: tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """All facts about some origins, closed under links, shared weak values and decisions.

    ``slots``: each origin with the slot that its value fills, None for a record without exclusive identity.
    ``links``: pairs of origins that one record named. ``weak``: weak value -> origins that have it.
    """

    slots: Mapping[int, Slot | None]
    links: Iterable[tuple[int, int]]
    weak: Mapping[int, Iterable[int]]
    statements: Sequence[Statement] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """``people``: origins of each customer. ``cases``: the customers' origin sets that wait for a person's decision."""

    people: list[frozenset[int]] = field(default_factory=list)
    cases: list[tuple[frozenset[int], ...]] = field(default_factory=list)


class _Union:
    def __init__(self, items: Iterable[int]) -> None:
        self.parent = {item: item for item in items}

    def find(self, item: int) -> int:
        root = item
        while self.parent[root] != root:
            root = self.parent[root]
        while self.parent[item] != root:
            self.parent[item], item = root, self.parent[item]
        return root

    def join(self, a: int, b: int) -> None:
        a, b = self.find(a), self.find(b)
        if a != b:
            self.parent[max(a, b)] = min(a, b)

    def sets(self) -> dict[int, set[int]]:
        found: dict[int, set[int]] = {}
        for item in self.parent:
            found.setdefault(self.find(item), set()).add(item)
        return found


Labels = Mapping[int, int]
"""One "different" decision: origin -> number of its group."""


def _split(left: set[int], right: set[int]) -> bool:
    return bool(left) and bool(right) and not (left == right and len(left) == 1)


def _label_pairs(groups: list[list[int]]) -> list[list[int]]:
    rest = ((left, right) for index, left in enumerate(groups) for right in groups[index + 1 :])
    return [[a, b] for left, right in rest for a in left for b in right if a != b]


class _Clusters:
    """Sets of origins (by representative) with what each fills and which groups of decisions it lies in."""

    def __init__(
        self, members: Mapping[int, set[int]], slots: Mapping[int, Slot | None], apart: Sequence[Labels]
    ) -> None:
        self.members = members
        self.slots: dict[int, set[Slot]] = {}
        self.labels: dict[int, dict[int, set[int]]] = {}
        for name, origins in members.items():
            self.slots[name] = {slot for origin in origins if (slot := slots[origin]) is not None}
            labels: dict[int, set[int]] = {}
            for number, decision in enumerate(apart):
                found = {decision[origin] for origin in origins if origin in decision}
                if found:
                    labels[number] = found
            self.labels[name] = labels

    def apart(self, a: int, b: int) -> bool:
        """Whether people keep the two apart."""
        left, right = self.labels[a], self.labels[b]
        return any(number in right and _split(groups, right[number]) for number, groups in left.items())

    def rivals(self, names: Sequence[int]) -> list[list[int]]:
        """Groups of clusters that contradict each other pairwise or (by decisions) are labelled differently."""
        by_slot: dict[Slot, list[int]] = {}
        by_label: dict[int, dict[int, list[int]]] = {}
        for name in names:
            for slot in self.slots[name]:
                by_slot.setdefault(slot, []).append(name)
            for number, held in self.labels[name].items():
                for group in held:
                    by_label.setdefault(number, {}).setdefault(group, []).append(name)
        found = [group for group in by_slot.values() if len(group) > 1]
        for groups in by_label.values():
            if len(groups) > 1 and len({name for group in groups.values() for name in group}) > 1:
                found.extend(_label_pairs(list(groups.values())))
        return found


def _decided(graph: Graph) -> tuple[_Union, list[Labels]]:
    """What people say: who is together, and the labels that keep apart. Newer statements bind older ones."""
    together = _Union(graph.slots)
    apart: list[Labels] = []
    for statement in sorted(graph.statements, key=lambda statement: -statement.order):
        groups = [{origin for origin in group if origin in graph.slots} for group in statement.groups]
        if not statement.same:
            apart.append({origin: number for number, group in enumerate(groups) for origin in group})
            continue
        for group in filter(None, groups):
            for allowed in _allowed(group, together, graph.slots, apart):
                for other in allowed:
                    together.join(allowed[0], other)
    return together, apart


def _allowed(
    group: set[int], together: _Union, slots: Mapping[int, Slot | None], apart: Sequence[Labels]
) -> list[list[int]]:
    """The parts of ``group`` that newer "different" statements let be together.

    When some of the group were later said to differ, only those stay together that these statements treat alike.
    """
    if not apart:
        return [sorted(group)]
    everybody = together.sets()
    bodies = _Clusters({name: everybody[name] for name in {together.find(one) for one in group}}, slots, apart)
    names = sorted(bodies.members)
    if not any(bodies.apart(a, b) for index, a in enumerate(names) for b in names[index + 1 :]):
        return [sorted(group)]
    alike: dict[frozenset[tuple[int, int]], list[int]] = {}
    for name in names:
        labels = bodies.labels[name]
        if all(len(held) == 1 for held in labels.values()):
            alike.setdefault(frozenset((number, min(held)) for number, held in labels.items()), []).append(name)
    return list(alike.values())


def _strong(graph: Graph, together: _Union, apart: Sequence[Labels]) -> tuple[_Union, list[tuple[int, int]]]:
    """Clusters by exclusive links, and the contested links between their origins."""
    edges = {(min(a, b), max(a, b)) for x, y in graph.links if (a := together.find(x)) != (b := together.find(y))}
    bodies = _Clusters(together.sets(), graph.slots, apart)
    reach = _Union(bodies.members)
    for a, b in edges:
        reach.join(a, b)
    inside: dict[int, list[tuple[int, int]]] = {}
    for a, b in edges:
        inside.setdefault(reach.find(a), []).append((a, b))
    refused: set[tuple[int, int]] = set()
    components = reach.sets()
    for root, links in inside.items():
        if rivals := bodies.rivals(sorted(components[root])):
            refused |= contested(links, rivals)
    for a, b in edges - refused:
        together.join(a, b)
    return together, sorted(refused)


def _components(clusters: _Clusters, joins: Iterable[Sequence[int]]) -> dict[int, set[int]]:
    """Connect the clusters of each join, except pairs that people keep apart."""
    reach = _Union(clusters.members)
    for names in joins:
        left = set(names)
        while left:
            frontier = [left.pop()]
            while frontier:
                here = frontier.pop()
                near = {other for other in left if not clusters.labels[here] or not clusters.apart(here, other)}
                left -= near
                for other in near:
                    reach.join(here, other)
                frontier.extend(near)
    return reach.sets()


def resolve(graph: Graph) -> Outcome:
    """The customers and review cases that follow from ``graph``; the order of its parts has no influence."""
    together, apart = _decided(graph)
    together, refused = _strong(graph, together, apart)
    clusters = _Clusters(together.sets(), graph.slots, apart)
    joins: list[list[int]] = [[together.find(a), together.find(b)] for a, b in refused]
    joins.extend(sorted({together.find(origin) for origin in origins}) for origins in graph.weak.values())
    outcome = Outcome()
    for names in _components(clusters, (join for join in joins if len(join) > 1)).values():
        ordered = sorted(names)
        groups = [frozenset(clusters.members[name]) for name in ordered]
        if len(ordered) > 1 and clusters.rivals(ordered):
            outcome.people.extend(groups)
            outcome.cases.append(tuple(sorted(groups, key=min)))
        else:
            outcome.people.append(frozenset().union(*groups))
    return outcome
