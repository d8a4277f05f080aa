"""Journeys as files (N8): YAML in and out, and the plan that says what applying a file would change.

YAML is read as version 1.2 reads it: ``yes``, ``no``, ``on`` and ``22:30`` are text, not truth values and numbers of
base 60, and keys are always text. Anchors, tags and doubled keys are refused.
"""

import difflib
import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from siyu.journeys import actions, queries, stages
from siyu.journeys import compile as compiler
from siyu.journeys.definition import Definition, parse, plain
from siyu.journeys.graph import Graph
from siyu.journeys.types import BadJourney, Caution, Journey, Problem, UnknownJourney
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import clean

LARGEST = 256_000
"""Characters of the largest file that is read."""
DEEPEST = 40
_TEXT = "tag:yaml.org,2002:str"


_DEEP = f"a file nests at most {DEEPEST} deep"


class _Loader(yaml.SafeLoader):
    """Without the truth values, dates and numbers of base 60 that YAML 1.1 sees in plain words."""

    depth = 0

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        # Looked at before it is composed: the scanner takes a second over a thousand open brackets.
        if self.flow_level >= DEEPEST:
            raise yaml.MarkedYAMLError(problem=_DEEP, problem_mark=self.get_mark())
        super().fetch_flow_collection_start(token)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs say nothing
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=event.start_mark)
        if getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(problem="anchors are not read", problem_mark=event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem="tags such as !!str are not read", problem_mark=event.start_mark)
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem=_DEEP, problem_mark=event.start_mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is a word", problem_mark=key.start_mark)
            key.tag = _TEXT
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?[0-9]+\.[0-9]+", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def data(text: str) -> object:
    """The plain data of YAML (or JSON) text. Raises BadText, BadJourney with line and column."""
    clean(text, "text")
    if len(text) > LARGEST:
        raise BadJourney([Problem("text", f"a file has at most {LARGEST} characters")])
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # derived from SafeLoader
    except yaml.YAMLError as error:
        raise BadJourney([Problem("text", _place(error))]) from None
    except ValueError:
        raise BadJourney([Problem("text", "a number in this file has too many digits")]) from None


def _place(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return f"character {error.position + 1} cannot stand in YAML: U+{int(error.character):04X}"
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "this is no readable YAML"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)


def load(text: str) -> Definition:
    """The definition in a file; only its form is checked. Raises BadText, BadJourney."""
    return parse(data(text))


def sound(text: str) -> Definition:
    """What can be said of a file without an installation: form, graph and stages. Raises BadText, BadJourney."""
    definition = load(text)
    if problems := [*Graph(definition).problems, *stages.problems(definition.stages)]:
        raise BadJourney(problems)
    return definition


def dump(definition: Definition) -> str:
    """The definition as YAML; ``load`` reads it back to an equal definition."""
    return yaml.dump(plain(definition), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying would do: ``diff`` is a unified diff of the YAML, empty when nothing changes.

    ``text`` and ``definition`` are what would be saved, as YAML and as plain data. ``warnings``: what it will not do as
    its author may think.
    """

    key: str
    change: Literal["create", "change", "none"]
    version: int
    diff: str
    text: str
    definition: dict[str, object]
    warnings: tuple[Caution, ...]


def cautioned(ctx: Ctx, definition: Definition) -> list[Caution]:
    """What a definition that was saved will not do as its author may think."""
    return compiler.cautioned(ctx, definition)


def plan(ctx: Ctx, definition: Definition) -> Plan:
    """Compare a definition with the live version. Raises BadJourney."""
    warned = tuple(actions.validate(ctx, definition))
    key, text, data = definition.key, dump(definition), plain(definition)
    try:
        live = queries.version(ctx, queries.by_key(ctx, key).journey_id)
    except UnknownJourney:
        return Plan(key, "create", 1, _diff("", text, 0), text, data, warned)
    before = parse(live.definition)
    if before == definition:
        return Plan(key, "none", live.version, "", text, data, warned)
    return Plan(key, "change", live.version + 1, _diff(dump(before), text, live.version), text, data, warned)


def _diff(before: str, after: str, version: int) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"version {version}",
        f"version {version + 1}",
    )
    return "".join(lines)


def apply(ctx: Ctx, text: str) -> Journey:
    """Save the journey of a file; see ``actions.apply``."""
    return actions.apply(ctx, data(text))


def export(ctx: Ctx, key: str, version: int | None = None) -> str:
    """A version of a journey (default: the live one) as YAML. Raises UnknownJourney, UnknownVersion."""
    found = queries.version(ctx, queries.by_key(ctx, key).journey_id, version)
    return dump(parse(found.definition))
