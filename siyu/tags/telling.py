"""Private: the end of a change: its sizes are kept, and it is told, by events or, when it is big, by one notice; the
platforms that are told of the tags come to know too."""

from collections.abc import Mapping

from siyu.customers import actions as customers
from siyu.customers import queries as customer_queries
from siyu.kernel import notices
from siyu.kernel.ctx import Ctx
from siyu.tags.store import changes, marks, remote
from siyu.tags.types import Changed

EVENTS_UP_TO = 10_000
"""A change of more pairs than this writes one notice instead of an event per customer; its ids stay in the change."""


def close(
    ctx: Ctx,
    change_id: int,
    sizes: Mapping[int, int],
    *,
    added: bool,
    why: str,
    strays: int = 0,
    merged_from: int | None = None,
) -> Changed:
    """Keep and tell a change that was written; ``sizes`` are pairs by tag, ``strays`` those of nobody."""
    size = sum(sizes.values()) - strays
    if size == 0:
        changes.forget_change(ctx, change_id)
        return Changed(None, 0)
    big = size > EVENTS_UP_TO
    if big:
        notices.write(ctx, "tags.changed", change_id=change_id, added=added, size=size, tag_ids=sorted(sizes))
    else:
        props: dict[str, object] = {"why": why, "by": ctx.actor.label}
        props |= {} if merged_from is None else {"merged_from": merged_from}
        customers.record_from(ctx, changes.event_rows(change_id, ctx.now, added=added, props=props))
    if told := {tag_id for _, tag_id in remote.outward_tags(ctx, sizes)}:
        marks.tell_changed(ctx, change_id, customer_queries.follows, told)
    changes.keep_change(ctx, change_id, size, keep_parts=big)
    return Changed(change_id, size)
