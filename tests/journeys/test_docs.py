"""docs/journeys.md describes every kind of step, every parameter, and its examples are valid steps."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import TypeAdapter

from siyu.journeys import definition, files, stages
from siyu.journeys.definition import Step
from siyu.journeys.stages import EnterRule, PieceForm, StageForm

TEXT = (Path(__file__).parents[2] / "docs" / "journeys.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
FORMS = {get_args(form.model_fields["kind"].annotation)[0]: form for form in get_args(get_args(Step)[0])}


def test_every_kind_of_step_has_a_section() -> None:
    assert set(SECTIONS) == set(FORMS)


@pytest.mark.parametrize("kind", sorted(FORMS))
def test_every_parameter_is_described_and_the_example_is_a_step(kind: str) -> None:
    section = SECTIONS[kind]
    table = "\n".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))
    names = {field.alias or name for name, field in FORMS[kind].model_fields.items()} - {"id", "kind", "title"}
    assert set(re.findall(r"`(\w+)`", table)) == names
    (example,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    steps = files.data(example)
    assert isinstance(steps, list)
    assert TypeAdapter(Step).validate_python(steps[0]).kind == kind


@pytest.mark.parametrize("form", [definition.Definition, definition.Entry, definition.Goal, definition.ExitRule])
def test_every_field_of_the_head_is_shown(form: type[definition.Definition]) -> None:
    (head,) = re.findall(r"```yaml\n(key:.*?)```", TEXT, re.DOTALL)
    shown = set(re.findall(r"(?:^|[\s{-])(\w+):", head))
    assert set(form.model_fields) - {"condition", "stages"} <= shown


@pytest.mark.parametrize(("title", "form"), [("A stage", StageForm), ("A rule", EnterRule), ("A piece", PieceForm)])
def test_every_field_of_stages_is_described(title: str, form: type[StageForm | EnterRule | PieceForm]) -> None:
    (table,) = re.findall(rf"^\*\*{title}\*\*.*?\n\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    described = "\n".join(line.split("|")[1] for line in table.splitlines())
    names = {field.alias or name for name, field in form.model_fields.items()}
    assert set(re.findall(r"`(\w+)`", described)) == names


def test_the_example_of_stages_is_a_journey() -> None:
    (example,) = re.findall(r"```yaml\n(stages:.*?)```", TEXT, re.DOTALL)
    head = {"key": "j", "name": "J", "entry": {"segment": 1}}
    data = files.data(example)
    assert isinstance(data, dict)
    assert not list(stages.problems(definition.parse(head | data).stages))
