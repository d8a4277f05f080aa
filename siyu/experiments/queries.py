"""Door: reads of experiments."""

from typing import Any

from sqlalchemy import Select

from siyu.experiments import store
from siyu.kernel.ctx import Ctx


def arms(experiment: str) -> Select[int, str]:
    """A relation ``customer_id, arm``: the arm that counts, one row per customer."""
    return store.current(experiment)


def held(ctx: Ctx, experiment: str, who: Select[Any]) -> dict[int, str]:
    """The arm that counts of each of ``who`` (one column ``customer_id``) that holds one."""
    return store.held(ctx, experiment, who)


def counts(ctx: Ctx, experiment: str) -> dict[str, int]:
    """How many customers hold each arm."""
    return store.counts(ctx, experiment)
