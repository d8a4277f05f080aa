"""Door: writes of experiments."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select

from siyu.experiments import store
from siyu.experiments.types import Arm, check
from siyu.kernel.ctx import Ctx


def assign(ctx: Ctx, experiment: str, who: Select[Any], arms: Sequence[Arm]) -> int:
    """Give every customer of ``who`` (one column ``customer_id``) an arm; an arm once given stays.

    Returns how many got one now. Raises ``BadArms``.
    """
    check(tuple(arms))
    return store.add(ctx, experiment, who, arms)


def move(ctx: Ctx, moves: Sequence[tuple[int, int, int]]) -> None:
    """Follow merges and splits: ``(origin_id, from_id, to_id)`` as in the events ``merged`` and ``split``."""
    if moves:
        store.move(ctx, moves)
