"""Private: how replies react to events and to time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Pulse
from siyu.kernel.probes import Due, Probe, least
from siyu.platforms import actions as platforms
from siyu.replies import actions, greeting, store, store_seconds
from siyu.replies.greetings import actions as greetings
from siyu.replies.greetings import store as greetings_store

KEPT = timedelta(days=30)
"""How long it is noted what became of an event, whole days."""


def pulse(ctx: Ctx, pulse: Pulse) -> None:
    """Follow merges and erasures; react to what did not come by the fast lane."""
    moves: dict[int, tuple[int, int]] = {}
    for event in pulse.of("merged", "split"):
        origin, source, target = (int(str(event.props[name])) for name in ("origin_id", "from_id", "to_id"))
        moves[origin] = (moves[origin][0] if origin in moves else source, target)
    if steps := [(origin, source, to) for origin, (source, to) in sorted(moves.items()) if source != to]:
        store_seconds.move(ctx, steps)
    if erased := sorted({event.customer_id for event in pulse.of("erased")}):
        store.forget(ctx, erased)
        store_seconds.forget(ctx, erased)
    actions.react(ctx, pulse.of(*actions.TYPES))
    greeting.replied(ctx, pulse.of(*greeting.REPLIES))
    greeting.fall_back(ctx, pulse.of(*greeting.LOST))


def tick(ctx: Ctx, limit: int) -> int:
    """Greet again; greet on birthdays and festivals; forget what became of events long ago."""
    greeted = greeting.greet_again(ctx, limit) + greetings.greet(ctx, limit)
    return greeted + store.purge(ctx, platforms.day(ctx.now) - KEPT, limit)


def _due(_: Ctx, values: Sequence[datetime | None]) -> datetime | None:
    second, occasion, oldest = values
    forgotten = None if oldest is None else platforms.day(oldest) + KEPT + timedelta(days=1)
    return least((second, occasion, forgotten))


DUE: Due = Probe(
    tuple(one.scalar_subquery() for one in (store_seconds.next_due, greetings_store.next_due, store.oldest)), _due
)
"""When the next second greeting, or the greeting of an occasion, is due, or something may be forgotten."""
