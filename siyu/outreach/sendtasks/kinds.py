"""Pure: what is particular to each route that goes through a salesperson."""

from dataclasses import dataclass

from siyu.outreach.types import Route


@dataclass(frozen=True, slots=True)
class Kind:
    """``shared``: one task is for all customers of the sender, whoever was asked for, and a batch of its own. ``most``:
    people of one task. ``reminded``: WeCom reminds of it. ``quotas``: what a task takes of the company's quotas."""

    shared: bool
    most: int
    reminded: bool
    quotas: tuple[str, ...] = ()


KINDS = {
    # Customers of one task: docs/platform.md A.5.6.
    Route.WECOM_GROUP_SEND: Kind(shared=False, most=10_000, reminded=True),
    # More than a member may have customers, so that a post is never made in two parts.
    Route.MOMENTS: Kind(shared=True, most=50_000, reminded=False, quotas=("moments_minute", "moments_month")),
}
