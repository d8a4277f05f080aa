"""Private: the fixed hash sample. The same population always gives the same people."""

from functools import lru_cache

import numpy as np
from sqlalchemy import BigInteger, ColumnElement, cast, literal

MULTIPLIER, MODULUS = 2_654_435_761, 2**32


def hashed(column: ColumnElement[int]) -> ColumnElement[int]:
    """A spread-out number for a customer_id (Knuth's multiplicative hash), for ordering in SQL."""
    return (cast(column, BigInteger) * literal(MULTIPLIER, BigInteger)) % literal(MODULUS, BigInteger)


@lru_cache(maxsize=8)
def positions(highest: int, size: int) -> tuple[int, ...]:
    """``size`` distinct ids in 1..highest, spread at random but always the same ones (highest >= size)."""
    drawn = np.random.default_rng(20260101).choice(highest, size=size, replace=False, shuffle=False)
    return tuple(sorted(int(position) + 1 for position in drawn))
