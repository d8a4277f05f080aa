"""From a definition to a program: every name is looked up, every fault is found before anything is refused."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from siyu.content import queries as content
from siyu.customers import actions as writing
from siyu.customers import queries as customers
from siyu.journeys import cautions, sequences, stages, timing
from siyu.journeys.compile_stages import stage_moves, stage_nodes
from siyu.journeys.definition import (
    PRIORITY,
    BranchStep,
    Definition,
    ExitRule,
    ExitStep,
    Goal,
    GotoStep,
    RemoveTagStep,
    SendStep,
    SetAttributeStep,
    SetTagStep,
    SplitStep,
    Step,
    WaitForStep,
    WaitStep,
    WebhookStep,
)
from siyu.journeys.forms import Condition, RouteForm
from siyu.journeys.graph import Graph
from siyu.journeys.program import (
    Branch,
    Case,
    Exit,
    Guard,
    Json,
    Node,
    Path,
    Program,
    Route,
    Send,
    SetAttribute,
    Split,
    Tagging,
    Wait,
    WaitFor,
    Webhook,
)
from siyu.journeys.types import BadJourney, Caution, Problem
from siyu.kernel.ctx import Actor, Ctx
from siyu.kernel.db import ids_of
from siyu.kernel.errors import SiyuError
from siyu.outreach import queries as outreach
from siyu.platforms import queries as platforms
from siyu.segments import queries as segments
from siyu.segments.types import Condition as Parsed
from siyu.segments.types import Leaf
from siyu.tags import queries as tags

T = TypeVar("T")
NEVER = "-"
"""Stands in ``Guard.types`` for a condition that no event changes, only time."""
IMPOSSIBLE: Json = {"not": {"all": []}}


class Compiler:
    """One compilation; ``problems`` collects every fault, ``cautions`` what is no fault."""

    def __init__(self, ctx: Ctx, definition: Definition) -> None:
        self.ctx = ctx
        self.definition = definition
        self.graph = Graph(definition)
        self.problems = [*self.graph.problems, *stages.problems(definition.stages)]
        self.cautions: list[Caution] = []
        self.accounts = [account for account in platforms.accounts(ctx) if account.active]

    def program(self) -> Program:
        """The program; raises ``BadJourney`` with all faults. (The segment of the entry: ``entry``.)"""
        definition = self.definition
        entry = definition.entry
        nodes = [node for step in definition.steps if (node := self._node(step)) is not None]
        nodes += stage_nodes(self, definition.stages)
        moves = stage_moves(self, definition.stages)
        guards = [
            *(
                self._guard(f"goals.{n}.when", goal.name, goal, True, goal.ends)
                for n, goal in enumerate(definition.goals)
            ),
            *(
                self._guard(f"exit_rules.{n}.when", rule.reason, rule, False, True)
                for n, rule in enumerate(definition.exit_rules)
            ),
        ]
        names = [guard.name for guard in guards]
        if len(set(names)) < len(names):
            self.problems.append(Problem("goals", "the names of goals and the reasons of exit rules must differ"))
        if entry.condition is not None:
            self.entry_condition()
        if entry.segment is not None:
            self.entry_segment()
        self.cautions += cautions.of_days(
            definition.stages,
            sequences.local(self.ctx),
            self.ctx.now.astimezone(self.ctx.zone).date(),
            outreach.policy(self.ctx),
        )
        if self.problems:
            raise BadJourney(self.problems, self.cautions)
        return Program(
            key=definition.key,
            first=definition.stages[0].id if definition.stages else self.graph.start,
            nodes=tuple(nodes),
            guards=tuple(guards),
            re_entry=entry.re_entry,
            gap=timing.seconds(entry.gap) if entry.gap else 0,
            existing=entry.existing,
            moves=moves,
            priority=definition.priority - PRIORITY,
        )

    def entry_segment(self) -> int:
        """The id of the saved segment that the entry names; 0 and a fault when there is none."""
        named = self.definition.entry.segment
        found = self._try("entry.segment", lambda: segments.segment(self.ctx, named or ""))
        return found.segment_id if found else 0

    def entry_condition(self) -> Json:
        """The entry's condition as segments takes it."""
        return self._condition("entry.condition", self.definition.entry.condition or {}, entered=False)

    def _fault(self, field: str, message: str) -> None:
        self.problems.append(Problem(field, message))

    def _try(self, field: str, look: Callable[[], T]) -> T | None:
        """What ``look`` finds; a refusal of another room becomes a fault at ``field``, or the deeper path it names."""
        try:
            return look()
        except SiyuError as error:
            deeper = error.field if error.field and error.field.startswith(field) else field
            self._fault(deeper, error.message)
            return None

    def _contents(self, field: str, data: Any) -> Any:
        """The condition with content keys replaced by ids: segments lies below content and knows only ids."""
        if isinstance(data, list):
            return [self._contents(f"{field}.{n}", part) for n, part in enumerate(data)]
        if not isinstance(data, dict):
            return data
        found = {}
        for name, part in data.items():
            path = f"{field}.{name}"
            if name == "content":
                several = part if isinstance(part, list) else [part]
                ids = [self.content(path, one) if isinstance(one, str) else one for one in several]
                found[name] = ids if isinstance(part, list) else ids[0]
            else:
                found[name] = part if name == "where" else self._contents(path, part)
        return found

    def content(self, field: str, key: str) -> int:
        """The id of the content with this key; a fault when there is none."""
        item = self._try(field, lambda: content.content(self.ctx, key))
        return item.content_id if item else 1

    def _parsed(self, field: str, data: Any, *, entered: bool, parts: bool = False) -> Parsed | None:
        """The condition, with what has to be known of it noted; None and a fault when it is none.

        ``parts``: who does not fulfil it goes another way.
        """
        known = self._contents(field, data)
        parsed = self._try(field, lambda: segments.parse(self.ctx, known, field, entered=entered))
        if parsed is not None:
            self.cautions += cautions.of_chats(segments.needs_archive(self.ctx, parsed, field), parts=parts)
        return parsed

    def _condition(self, field: str, data: Condition, *, entered: bool = True, parts: bool = False) -> Json:
        parsed = self._parsed(field, data, entered=entered, parts=parts)
        return segments.dump(parsed) if parsed is not None else {}

    def _guard(self, field: str, name: str, form: Goal | ExitRule, goal: bool, ends: bool) -> Guard:
        condition, types = self.rule(field, form.when)
        return Guard(name, condition, goal, ends, types, form.title or "")

    def rule(self, field: str, when: Condition) -> tuple[Json, tuple[str, ...]]:
        """A condition that is looked at when something happens, and the types of event after which it is; none: any."""
        parsed = self._parsed(field, when, entered=True)
        if parsed is None:
            return {}, ()
        on = segments.depends(parsed)
        types = set(on.events)
        types |= {"attribute_changed"} if on.attributes else set()
        types |= {"tag_added", "tag_removed"} if on.tags else set()
        types |= {"segment_entered", "segment_left"} if on.segments else set()
        return segments.dump(parsed), () if on.everything else tuple(sorted(types or {NEVER}))

    def again(self, types: tuple[str, ...]) -> Json | None:
        """Whether one of these events has happened, since a moment; None where any event would do."""
        if not types:
            return None
        happened = {"kind": "event", "type": list(types), "since": "entered"}
        return segments.dump(segments.parse(self.ctx, IMPOSSIBLE if types == (NEVER,) else happened, entered=True))

    def _account(self, route: str, field: str, key: str | None) -> int:
        """The account named, else the journey's where it is of the route's platform, else the only one of it."""
        kind, called = ("oa", "Official Account") if route.startswith("oa_") else ("wecom", "WeCom account")
        known = {account.key: account.account_id for account in self.accounts if account.kind == kind}
        own = self.definition.account
        wanted = key or (own if own in known or kind == "oa" else None)
        if wanted is not None:
            if wanted in known:
                return known[wanted]
            self._fault(field, f"there is no active {called} {wanted}")
        elif len(known) == 1:
            return next(iter(known.values()))
        else:
            self._fault(field, f"name the account: there are {len(known)} active {called}s")
        return 0

    def routes(self, here: str, forms: Sequence[RouteForm]) -> tuple[Route, ...]:
        """The routes of a send that stands at the path ``here``."""
        found = []
        for n, form in enumerate(forms):
            field = f"{here}.routes.{n}.account" if form.account else f"{here}.account"
            gather = timing.seconds(form.gather) if form.gather else None
            found.append(Route(form.route, self._account(form.route, field, form.account), form.template, gather))
        return tuple(found)

    def _tag(self, step: SetTagStep | RemoveTagStep) -> int:
        found = tags.by_paths(self.ctx, [step.tag]).get(step.tag)
        if found is None:
            self._fault(f"steps.{step.id}.tag", f"there is no tag {step.tag}")
        elif found.retired and isinstance(step, SetTagStep):
            self._fault(f"steps.{step.id}.tag", f"the tag {step.tag} is retired")
        elif found.read_only:
            self._fault(f"steps.{step.id}.tag", f"only its platform gives and takes the tag {step.tag}")
        return found.tag_id if found else 0

    def _node(self, step: Step) -> Node | None:
        here = f"steps.{step.id}"
        edges = {edge: self.graph.target(target) for edge, target in self.graph.edges[step.id].items()}
        title = step.title or step.id
        skip = step.id not in self.graph.cyclic
        match step:
            case SendStep():
                return Send(
                    step.id,
                    title,
                    self.content(f"{here}.content", step.content) if step.content else None,
                    step.text,
                    self.routes(here, step.routes),
                    step.answers,
                    edges.get("sent"),
                    edges.get("not_sent"),
                )
            case WebhookStep():
                return Webhook(step.id, title, step.url, step.body, edges.get("sent"), edges.get("not_sent"))
            case WaitStep():
                return Wait(
                    step.id,
                    title,
                    timing.seconds(step.length) if step.length else 0,
                    timing.minute(step.until) if step.until else None,
                    tuple(timing.DAYS.index(day) for day in step.days),
                    step.base == "send",
                    skip and step.base == "send",
                    edges.get("next"),
                )
            case WaitForStep():
                leaf, types = self._event(f"{here}.event", step.event)
                return WaitFor(
                    step.id,
                    title,
                    leaf,
                    types,
                    timing.seconds(step.timeout),
                    step.base == "send",
                    skip and step.base == "send",
                    edges.get("happened"),
                    edges.get("timeout"),
                )
            case BranchStep():
                if step.when is not None:
                    cases = [Case("yes", self._condition(f"{here}.when", step.when, parts=True), edges.get("yes"))]
                else:
                    cases = [
                        Case(
                            case.name,
                            self._condition(f"{here}.cases.{n}.when", case.when, parts=True),
                            edges.get(case.name),
                        )
                        for n, case in enumerate(step.cases)
                    ]
                other = "no" if step.when is not None else "else"
                return Branch(step.id, title, tuple(cases), other, step.since == "send", edges.get(other))
            case SplitStep():
                paths = tuple(Path(arm.name, arm.weight, edges.get(arm.name)) for arm in step.arms)
                return Split(step.id, title, step.experiment or f"journey/{self.definition.key}/{step.id}", paths)
            case SetTagStep():
                expires = timing.seconds(step.expires) if step.expires else None
                return Tagging(step.id, title, self._tag(step), expires, edges.get("next"), "set_tag")
            case RemoveTagStep():
                return Tagging(step.id, title, self._tag(step), None, edges.get("next"), "remove_tag")
            case SetAttributeStep():
                self._attribute(here, step)
                return SetAttribute(step.id, title, step.name, step.value, edges.get("next"))
            case ExitStep():
                return Exit(step.id, title, step.reason)
            case GotoStep():
                return None

    def _attribute(self, here: str, step: SetAttributeStep) -> None:
        if self._try(f"{here}.name", lambda: customers.attribute(self.ctx, step.name)) is None:
            return
        rule = self.ctx.acting(Actor("rule", "journey"))
        # Of nobody: it only says whether the engine may write this value here.
        self._try(
            f"{here}.value",
            lambda: writing.set_attributes(rule, ids_of([]), {step.name: step.value}, why="journey"),
        )

    def _event(self, field: str, data: Condition) -> tuple[Json, tuple[str, ...]]:
        """The leaf that a wait_for waits for: one event, without count or time, which the step itself gives."""
        for name in sorted(set(data) - {"type", "where", "content"}):
            self._fault(
                f"{field}.{name}",
                "only type, where and content belong to the event that a step waits for",
            )
            return {}, ()
        parsed = self._parsed(field, {"kind": "event", **data}, entered=False, parts=True)
        if not isinstance(parsed, Leaf):
            return {}, ()
        return segments.dump(parsed), tuple(sorted(segments.depends(parsed).events))


def compiled(ctx: Ctx, definition: Definition) -> Program:
    """The program of a definition; raises ``BadJourney`` that lists every fault."""
    return Compiler(ctx, definition).program()


def checked(ctx: Ctx, definition: Definition) -> list[Caution]:
    """What a sound definition will not do as its author may think; raises ``BadJourney`` that lists every fault."""
    compiling = Compiler(ctx, definition)
    compiling.program()
    return compiling.cautions


def cautioned(ctx: Ctx, definition: Definition) -> list[Caution]:
    """The same of what was saved before and may not be sound any more, as what it names is gone."""
    compiling = Compiler(ctx, definition)
    with suppress(BadJourney):
        compiling.program()
    return compiling.cautions
