"""Programs: what a version compiles to. Names are ids now, every edge names its target (None ends the journey)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from siyu.experiments.types import Arm
from siyu.journeys.days import Rule

Target = str | None
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Route:
    """One choice of a send: ``gather`` in seconds collects people for one mass send, ``template`` names a template."""

    route: str
    account_id: int
    template: str | None
    gather: int | None


@dataclass(frozen=True, slots=True)
class Send:
    """Ask outreach to send; wait for the outcome."""

    id: str
    title: str
    content_id: int | None
    text: str | None
    routes: tuple[Route, ...]
    answers: bool
    on_sent: Target
    on_not_sent: Target
    kind: Literal["send"] = "send"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Ask outreach to post to another system; wait for the outcome."""

    id: str
    title: str
    url: str
    body: Json
    on_sent: Target
    on_not_sent: Target
    kind: Literal["webhook"] = "webhook"


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait ``length`` seconds after the base, then for the local minute ``at`` on a permitted weekday.

    ``skip``: passed at once when the send before it did not go out; never inside a cycle, which would spin.
    """

    id: str
    title: str
    length: int
    at: int | None
    days: tuple[int, ...]
    from_send: bool
    skip: bool
    next: Target
    kind: Literal["wait"] = "wait"


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Wait until an event matches ``condition`` since the last send, at most ``timeout`` seconds after the base."""

    id: str
    title: str
    condition: Json
    types: tuple[str, ...]
    timeout: int
    from_send: bool
    skip: bool
    on_happened: Target
    on_timeout: Target
    kind: Literal["wait_for"] = "wait_for"


@dataclass(frozen=True, slots=True)
class Case:
    """One way out of a branch."""

    name: str
    condition: Json
    next: Target


@dataclass(frozen=True, slots=True)
class Branch:
    """The first case that holds decides. ``since_send``: ``since: entered`` means the last send, not the entry."""

    id: str
    title: str
    cases: tuple[Case, ...]
    other: str
    since_send: bool
    next: Target
    kind: Literal["branch"] = "branch"


@dataclass(frozen=True, slots=True)
class Path:
    """One arm of a split."""

    name: str
    weight: int
    next: Target


@dataclass(frozen=True, slots=True)
class Split:
    """Part people by a sticky random arm of ``experiment``."""

    id: str
    title: str
    experiment: str
    paths: tuple[Path, ...]
    kind: Literal["split"] = "split"

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms as experiments takes them."""
        return tuple(Arm(path.name, path.weight) for path in self.paths)


@dataclass(frozen=True, slots=True)
class Tagging:
    """Set or remove a tag; ``expires`` in seconds."""

    id: str
    title: str
    tag_id: int
    expires: int | None
    next: Target
    kind: Literal["set_tag", "remove_tag"]


@dataclass(frozen=True, slots=True)
class SetAttribute:
    """Set an attribute of the customer."""

    id: str
    title: str
    name: str
    value: object
    next: Target
    kind: Literal["set_attribute"] = "set_attribute"


@dataclass(frozen=True, slots=True)
class Exit:
    """End the journey here."""

    id: str
    title: str
    reason: str
    kind: Literal["exit"] = "exit"


@dataclass(frozen=True, slots=True)
class Stage:
    """The head of a stage: who comes in goes on at once to the first piece of their own plan (``days.plan``).

    ``sequence``: the pieces with their due rules; ``rest``: where people stand who have lived through it.
    """

    id: str
    title: str
    sequence: tuple[tuple[str, Rule], ...]
    rest: str
    kind: Literal["stage"] = "stage"


@dataclass(frozen=True, slots=True)
class Piece:
    """A send of a stage's sequence: asked for at its due time, and nobody waits for its outcome."""

    id: str
    title: str
    stage: str
    content_id: int | None
    text: str | None
    routes: tuple[Route, ...]
    kind: Literal["piece"] = "piece"


@dataclass(frozen=True, slots=True)
class Rest:
    """Behind the last piece: people stay in the stage until a rule or somebody moves them, or the journey ends."""

    id: str
    title: str
    stage: str
    kind: Literal["rest"] = "rest"


Node = Annotated[
    Send | Webhook | Wait | WaitFor | Branch | Split | Tagging | SetAttribute | Exit | Stage | Piece | Rest,
    Field(discriminator="kind"),
]
INSTANT = ("branch", "split", "set_tag", "remove_tag", "set_attribute")
"""Kinds that people pass without stopping."""


@dataclass(frozen=True, slots=True)
class Guard:
    """An exit rule, or a goal (``ends`` False only marks it). ``types`` is empty when any event may matter."""

    name: str
    condition: Json
    goal: bool
    ends: bool
    types: tuple[str, ...]
    title: str = ""

    @property
    def reason(self) -> str:
        """Why the journey of a person ended by it ended."""
        return f"goal:{self.name}" if self.goal else self.name


@dataclass(frozen=True, slots=True)
class Move:
    """A rule that moves people of ``sources`` into the stage ``target``, who have been in theirs for ``after`` seconds.

    ``since: entered`` in its condition means the entry into the stage in which the person stands. ``again``: what must
    have happened to somebody whom it moved before, since then; None: nothing.
    """

    reason: str
    target: str
    sources: tuple[str, ...]
    after: int
    condition: Json
    types: tuple[str, ...]
    title: str = ""
    again: Json | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled version. ``moves`` in the order in which they are looked at: into the furthest stage first;
    ``priority`` as outreach takes it, 0 for a journey that names none."""

    key: str
    first: str
    nodes: tuple[Node, ...]
    guards: tuple[Guard, ...]
    re_entry: Literal["never", "after_exit", "always"]
    gap: int
    existing: bool
    moves: tuple[Move, ...] = ()
    priority: int = 0

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages in their order; none in a flow."""
        return tuple(node for node in self.nodes if isinstance(node, Stage))

    @property
    def first_stage(self) -> str | None:
        """The stage in which people enter; None in a flow."""
        return self.first if self.stages else None

    def node(self, node_id: str) -> Node:
        """The node with this id; KeyError when there is none."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)


def edges(node: Node) -> Iterator[tuple[str, Target]]:
    """Every edge that leaves a node, as (name, target)."""
    match node:
        case Send() | Webhook():
            yield "sent", node.on_sent
            yield "not_sent", node.on_not_sent
        case WaitFor():
            yield "happened", node.on_happened
            yield "timeout", node.on_timeout
        case Branch():
            yield from ((case.name, case.next) for case in node.cases)
            yield node.other, node.next
        case Split():
            yield from ((path.name, path.next) for path in node.paths)
        case Wait() | Tagging() | SetAttribute():
            yield "next", node.next
        case Stage():
            yield "begun", node.sequence[0][0] if node.sequence else node.rest
        case Exit() | Piece() | Rest():
            return


_ADAPTER = TypeAdapter(Program)


def dump(program: Program) -> Json:
    """The JSON in which a version keeps its program."""
    data: Json = _ADAPTER.dump_python(program, mode="json")
    return data


@lru_cache(maxsize=256)
def load(text: str) -> Program:
    """The program in stored JSON text; cached, because a version never changes."""
    return _ADAPTER.validate_json(text)
