"""Stages to a program: sequences become sends with due rules, the rules of stages become guards."""

from collections.abc import Sequence
from typing import Protocol

from siyu.journeys import timing
from siyu.journeys.forms import Condition, RouteForm
from siyu.journeys.program import Json, Move, Node, Piece, Rest, Route, Stage
from siyu.journeys.stages import StageForm


class Names(Protocol):
    """What compiling stages looks up, each with the path at which a fault is named."""

    def content(self, field: str, key: str) -> int: ...

    def routes(self, here: str, forms: Sequence[RouteForm]) -> tuple[Route, ...]: ...

    def rule(self, field: str, when: Condition) -> tuple[Json, tuple[str, ...]]: ...

    def again(self, types: tuple[str, ...]) -> Json | None: ...


def stage_nodes(names: Names, stages: Sequence[StageForm]) -> list[Node]:
    """The nodes of stages: per stage its head, its pieces, its rest."""
    found: list[Node] = []
    for stage in stages:
        sequence = stage.sequence()
        found.append(Stage(stage.id, stage.name, tuple((piece.id, rule) for piece, rule in sequence), stage.rest))
        for piece, _ in sequence:
            here = f"stages.{stage.id}.pieces.{piece.id}"
            content = names.content(f"{here}.content", piece.content) if piece.content else None
            routes = names.routes(here, piece.routes)
            found.append(Piece(piece.id, piece.called, stage.id, content, piece.text, routes))
        found.append(Rest(stage.rest, stage.name, stage.id))
    return found


def stage_moves(names: Names, stages: Sequence[StageForm]) -> tuple[Move, ...]:
    """The rules by which people move between stages, into the furthest stage first."""
    found = []
    for n, stage in reversed(list(enumerate(stages))):
        before = tuple(one.id for one in stages[:n])
        for m, rule in enumerate(stage.enter):
            condition, types = names.rule(f"stages.{stage.id}.enter.{m}.when", rule.when)
            after = timing.seconds(rule.after) if rule.after else 0
            sources = tuple(rule.sources) or before
            # What counts from the entry or takes its time begins anew in each stage; what simply is so does not, and
            # two such rules would move somebody to and fro for ever.
            again = None if after or _counts_from_entry(rule.when) else names.again(types)
            found.append(Move(rule.reason, stage.id, sources, after, condition, types, rule.title or "", again))
    return tuple(found)


def _counts_from_entry(data: object) -> bool:
    if isinstance(data, list):
        return any(_counts_from_entry(part) for part in data)
    if not isinstance(data, dict):
        return False
    return data.get("since") == "entered" or any(
        _counts_from_entry(part) for name, part in data.items() if name != "where"
    )
