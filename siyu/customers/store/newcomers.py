"""What the rows of one batch say about customers whom it made: known without reading it back. Pure.

All facts and touches of such a customer are in the batch, so the profile row can be written once and whole. [m] Written
and then updated with its source, it went through all indexes of the table twice, the one of the search included.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from siyu.customers.store.rows import FactRow, TouchRow

Values = Mapping[int, Mapping[str, Any]]
Sources = Mapping[int, tuple[TouchRow, TouchRow]]


def values(rows: Iterable[FactRow], created: Collection[int]) -> Values:
    """customer_id -> attributes, of those of whom no two rows tell the same attribute; who wins is SQL's to say."""
    found: dict[int, Mapping[str, Any]] = {one: {} for one in created}
    contested: set[int] = set()
    for row in rows:
        mine = found.get(row.customer_id)
        if mine is None:
            continue
        if not mine:
            found[row.customer_id] = row.values
            continue
        if mine.keys() & row.values.keys():
            contested.add(row.customer_id)
        found[row.customer_id] = {**mine, **row.values}
    return {one: told for one, told in found.items() if one not in contested} if contested else found


def _order(row: TouchRow) -> tuple[Any, str, str]:
    return row.at, row.kind, row.code


def sources(rows: Iterable[TouchRow], created: Collection[int]) -> Sources:
    """customer_id -> first and latest touch."""
    found: dict[int, tuple[TouchRow, TouchRow]] = {}
    for row in rows:
        if row.customer_id not in created:
            continue
        held = found.get(row.customer_id)
        if held is None:
            found[row.customer_id] = (row, row)
        else:
            found[row.customer_id] = (min(held[0], row, key=_order), max(held[1], row, key=_order))
    return found
