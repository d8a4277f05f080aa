"""What can be said of a definition's graph without the database: targets, reachability, cycles, answers."""

from collections.abc import Iterator
from typing import TypeVar

from siyu.journeys.definition import (
    BranchStep,
    Definition,
    ExitStep,
    GotoStep,
    SendStep,
    SplitStep,
    Step,
    WaitForStep,
    WaitStep,
    WebhookStep,
)
from siyu.journeys.types import Problem

T = TypeVar("T")
ANSWERABLE = ("message_received", "menu_clicked", "form_submitted")
"""Acts of a person that a send may answer at once (PRODUCT.md N3)."""


def outgoing(step: Step, following: str | None) -> Iterator[tuple[str, str, str | None]]:
    """Every edge of a step as (edge, parameter that names it, target); a target left out is the following step."""
    match step:
        case SendStep() | WebhookStep():
            yield "sent", "on_sent", step.on_sent or following
            yield "not_sent", "on_not_sent", step.on_not_sent or step.on_sent or following
        case WaitForStep():
            yield "happened", "on_happened", step.on_happened or following
            yield "timeout", "on_timeout", step.on_timeout or following
        case BranchStep():
            if step.when is not None:
                yield "yes", "on_yes", step.on_yes or following
                yield "no", "on_no", step.on_no or following
            else:
                yield from ((case.name, f"cases.{n}.next", case.next or following) for n, case in enumerate(step.cases))
                yield "else", "on_else", step.on_else or following
        case SplitStep():
            yield from ((arm.name, f"arms.{n}.next", arm.next or following) for n, arm in enumerate(step.arms))
        case GotoStep():
            yield "next", "to", step.to
        case ExitStep():
            return
        case _:
            yield "next", "next", step.next or following


class Graph:
    """The edges of a definition between step ids; None is the end. Stages have none: they are no graph."""

    def __init__(self, definition: Definition) -> None:
        self.steps: dict[str, Step] = {}
        self.problems: list[Problem] = []
        self.edges: dict[str, dict[str, str | None]] = {}
        self.cyclic = set[str]()
        steps = definition.steps
        if not steps:
            return
        for step in steps:
            if step.id in self.steps:
                self._fault(step.id, "id", "two steps have this id")
            self.steps.setdefault(step.id, step)
        for step, after in zip(steps, [*steps[1:], None], strict=True):
            found: dict[str, str | None] = {}
            following = after.id if after else None
            for edge, parameter, target in outgoing(step, following):
                known = target is None or target in self.steps
                # A missing target is taken as the following step: the slip must make no other step look unreachable.
                found[edge] = target if known else following
                message = f"there is no step {target}"
                # on_not_sent follows on_sent when left out: one slip, one fault.
                if not known and not (edge == "not_sent" and self._said(message)):
                    self._fault(step.id, parameter, message)
            self.edges.setdefault(step.id, found)
        self.first = steps[0].id
        self.cyclic = self._cycles()
        self._unreachable()
        self._answers()

    @property
    def start(self) -> str:
        """The first step that is no goto."""
        first = self.target(self.first)
        assert first is not None
        return first

    def target(self, target: str | None) -> str | None:
        """Where an edge ends when gotos are followed; a loop of gotos alone was already reported."""
        seen = set()
        while target is not None and isinstance(step := self.steps[target], GotoStep) and target not in seen:
            seen.add(target)
            target = self.edges[step.id].get("next")
        return target

    def _fault(self, step: str, parameter: str, message: str) -> None:
        self.problems.append(Problem(f"steps.{step}.{parameter}", message))

    def _said(self, message: str) -> bool:
        return bool(self.problems) and self.problems[-1].message == message

    def _reached(self, start: str) -> set[str]:
        seen, stack = set(), [start]
        while stack:
            step = stack.pop()
            if step not in seen:
                seen.add(step)
                stack.extend(target for target in self.edges[step].values() if target is not None)
        return seen

    def _unreachable(self) -> None:
        reached = self._reached(self.first)
        for step in self.steps:
            if step not in reached:
                self._fault(step, "id", "no path leads to this step")

    def _cycles(self) -> set[str]:
        """The steps that lie on a cycle; a cycle on which nothing takes time is a fault."""
        reach = {step: self._reached(step) for step in self.steps}
        after = {
            step: set().union(*(reach[target] for target in self.edges[step].values() if target is not None))
            for step in self.steps
        }
        cyclic = {step for step in self.steps if step in after[step]}
        # A cycle without waits is one in the graph that is left when waits are taken out.
        quick = {step for step in cyclic if not isinstance(self.steps[step], WaitStep | WaitForStep)}
        while True:
            dead = {step for step in quick if not any(target in quick for target in self.edges[step].values())}
            if not dead:
                break
            quick -= dead
        for step in self.steps:
            if step in quick:
                self._fault(step, "next", "this step lies on, or leads only into, a cycle without a wait")
        return cyclic

    def _answers(self) -> None:
        """``answers`` holds only where every way to the send comes straight from an awaited act of the person."""
        before: dict[str, list[tuple[str, str]]] = {}
        for source, edges in self.edges.items():
            for edge, target in edges.items():
                if target is not None:
                    before.setdefault(target, []).append((source, edge))
        for step in self.steps.values():
            if isinstance(step, SendStep) and step.answers and not self._answered(step.id, before):
                awaited = ", ".join(ANSWERABLE)
                self._fault(
                    step.id,
                    "answers",
                    f"a send answers only straight after a wait_for that happened, for one of: {awaited}",
                )

    def _answered(self, step: str, before: dict[str, list[tuple[str, str]]]) -> bool:
        seen, stack = {step}, [step]
        while stack:
            at = stack.pop()
            if at == self.first:
                return False
            for source, edge in before.get(at, []):
                origin = self.steps[source]
                if isinstance(origin, WaitForStep):
                    if edge != "happened" or origin.event.get("type") not in ANSWERABLE:
                        return False
                elif isinstance(origin, SendStep | WebhookStep | WaitStep):
                    return False
                elif source not in seen:
                    seen.add(source)
                    stack.append(source)
        return True
