"""Private: which links of a graph lie on a simple path between two nodes that may not be one person. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

Edge = tuple[int, int]


def _blocks(graph: Mapping[int, Sequence[int]], root: int) -> list[list[Edge]]:
    """The biconnected components (as lists of edges) of the component of ``root``; Tarjan, without recursion."""
    order: dict[int, int] = {root: 0}
    low: dict[int, int] = {root: 0}
    edges: list[Edge] = []
    blocks: list[list[Edge]] = []
    stack = [(root, root, iter(graph[root]))]
    while stack:
        node, parent, neighbours = stack[-1]
        for other in neighbours:
            if other == parent:
                continue
            if other not in order:
                order[other] = low[other] = len(order)
                edges.append((node, other))
                stack.append((other, node, iter(graph[other])))
                break
            if order[other] < order[node]:
                edges.append((node, other))
                low[node] = min(low[node], order[other])
        else:
            stack.pop()
            if not stack:
                break
            above = stack[-1][0]
            low[above] = min(low[above], low[node])
            if low[node] >= order[above]:
                start = edges.index((above, node)) if edges[-1] != (above, node) else len(edges) - 1
                blocks.append(edges[start:])
                del edges[start:]
    return blocks


def contested(edges: Iterable[Edge], rivals: Iterable[Sequence[int]]) -> set[Edge]:
    """The edges on a simple path between two nodes of one group of ``rivals``.

    ``edges`` are undirected, without loops and doubles, and connected. A block of the graph (a bridge, or a set of
    edges on common cycles) is contested as a whole when a path between rivals runs through it: in the tree of blocks
    and nodes those are the blocks on the tree paths between rivals.
    """
    given = list(edges)
    graph: dict[int, list[int]] = {}
    for a, b in given:
        graph.setdefault(a, []).append(b)
        graph.setdefault(b, []).append(a)
    if not graph:
        return set()
    blocks = _blocks(graph, min(graph))
    tree: dict[int, list[int]] = {node: [] for node in graph}  # blocks stand in it as -1, -2, ...
    for number, block in enumerate(blocks, 1):
        members = {node for edge in block for node in edge}
        tree[-number] = list(members)
        for node in members:
            tree[node].append(-number)
    top = min(graph)
    above: dict[int, int] = {top: top}
    depth: dict[int, int] = {top: 0}
    walk: list[int] = []
    stack = [top]
    while stack:
        node = stack.pop()
        walk.append(node)
        for other in tree[node]:
            if other not in above:
                above[other], depth[other] = node, depth[node] + 1
                stack.append(other)
    place = {node: index for index, node in enumerate(walk)}
    marked: set[int] = set()
    for group in rivals:
        ordered = sorted((node for node in group if node in place), key=place.__getitem__)
        for left, right in pairwise(ordered):  # in walk order these paths cover the whole subtree
            a, b = left, right
            while a != b:
                if depth[a] < depth[b]:
                    a, b = b, a
                if a < 0:
                    marked.add(-a)
                a = above[a]
            if a < 0:
                marked.add(-a)
    found = {edge for number in marked for edge in blocks[number - 1]}
    return {(a, b) for a, b in given if (a, b) in found or (b, a) in found}
