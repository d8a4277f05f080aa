"""Private: which messages and menu clicks a running journey answers itself, so that no automatic reply does too.

A journey answers an event when the person stands at a ``wait_for`` that means it and whose way on leads straight to a
send; or before such a step with nothing but waits and steps that take no time between, because a wait_for hears what
was said since the last send: then the answer comes when the wait is over.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Row

from siyu.journeys import facts, store, store_listening
from siyu.journeys.program import INSTANT, Node, Program, Send, Target, Wait, WaitFor, edges, load
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import PulseEvent

Listening = Mapping[str, tuple[WaitFor, ...]]
"""Per node the steps that hear what somebody there says."""


def answered(ctx: Ctx, events: Sequence[PulseEvent]) -> set[int]:
    """The event_ids that running journeys answer; two statements whatever the number of events."""
    if not events:
        return set()
    programs = {(row.journey_id, row.version): row.program for row in store.programs(ctx, ["running"])}
    heard = {place: found for place, program in programs.items() if (found := _listening(program))}
    if not heard:
        return set()
    waiting: dict[int, list[WaitFor]] = {}
    for row in store_listening.standing(ctx, sorted({event.customer_id for event in events})):
        found = heard.get((row.journey_id, row.version), {})
        # A send that is not asked for yet has not been heard by anybody.
        if row.node in found and not (row.waiting is None and isinstance(_node(programs, row), Send)):
            waiting.setdefault(row.customer_id, []).extend(found[row.node])
    return {
        event.event_id
        for event in events
        if any(
            event.type in step.types and facts.matcher(step.condition).fits(event)
            for step in waiting.get(event.customer_id, ())
        )
    }


def _node(programs: Mapping[tuple[int, int], str], row: Row[int, int, int, str, str | None]) -> Node:
    return load(programs[row.journey_id, row.version]).node(row.node)


@lru_cache(maxsize=256)
def _listening(text: str) -> Listening:
    program = load(text)
    found = {node.id: _heard_at(program, node) for node in program.nodes}
    return {name: steps for name, steps in found.items() if steps}


def _heard_at(program: Program, node: Node) -> tuple[WaitFor, ...]:
    if isinstance(node, WaitFor):
        return (node,) if any(isinstance(one, Send) for one in _next(program, node.on_happened)) else ()
    if isinstance(node, Send):
        targets = [node.on_sent]
    elif isinstance(node, Wait) or node.kind in INSTANT:
        targets = [target for _, target in edges(node)]
    else:
        return ()
    steps = [one for target in targets for one in _next(program, target)]
    return tuple(one for step in steps if not isinstance(step, Send) for one in _heard_at(program, step))


def _next(program: Program, target: Target) -> list[Node]:
    """The steps at which somebody stops who goes to ``target``."""
    if target is None:
        return []
    node = program.node(target)
    if node.kind not in INSTANT:
        return [node]
    return [one for _, onward in edges(node) for one in _next(program, onward)]
