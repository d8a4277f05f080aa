"""Journeys as files on the command line, as somebody meets them who has just cloned the project."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from siyu.app.commands import app
from siyu.kernel.settings import settings
from siyu.platforms import actions as platforms
from tests.support.database import Server
from tests.support.world import World

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "journeys").glob("*.yaml"))
SMALL = """key: hello
name: 问好
entry:
  condition: {kind: event, type: followed, within: 1d}
steps:
  - {id: hi, kind: set_attribute, name: city, value: 上海}
"""


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIYU_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "hello.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    settings.cache_clear()
    result = CliRunner().invoke(app, ["journey", *(str(one) for one in arguments)])
    settings.cache_clear()
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def refused(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.stderr


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_sound_without_an_installation(path: Path) -> None:
    result = run("validate", path)
    assert result.exit_code == 0
    assert "were not looked up, because no Siyu runs in this folder" in result.stdout


def test_a_stage_journey_is_measured_in_stages_and_pieces() -> None:
    (path,) = (one for one in EXAMPLES if one.name == "stages-new-contact.yaml")
    said = run("validate", path).stdout
    assert "form and paths are sound, 3 stages with 21 pieces." in said


def test_the_graph_is_checked_without_an_installation(small: Path) -> None:
    small.write_text(SMALL + "  - {id: on, kind: goto, to: off}\n  - {id: x, kind: exit}\n", encoding="utf-8")
    said = refused("validate", small)
    assert "bad_journey: steps.on.to: there is no step off" in said


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_what_needs_an_installation_says_how_to_get_one(small: Path, command: str) -> None:
    assert "set SIYU_DATABASE_URL, or start `make run`" in refused(command, small)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("key: 中".encode("gb18030"), "text: the file is not UTF-8 (byte 6)"),
        (SMALL.encode("utf-16"), "text: the file is not UTF-8 (byte 1)"),
        (b"\x00" * 2_000_000, "text: a file has at most 256000 characters"),
        (b"", "a journey has the fields key, name, entry and steps"),
        (b"key: a\n\tname: b\n", "text: line 2, column 1"),
    ],
)
def test_a_file_that_is_no_journey_is_named(small: Path, content: bytes, said: str) -> None:
    small.write_bytes(content)
    assert said in refused("validate", small)


def test_a_missing_file_is_named() -> None:
    assert "nothing.yaml" in refused("validate", "nothing.yaml")
    assert "nothing.yaml" in refused("apply", "nothing.yaml")


def test_validate_plan_apply_export(
    small: Path, monkeypatch: pytest.MonkeyPatch, database_url: str, engine: object
) -> None:
    monkeypatch.setenv("SIYU_DATABASE_URL", database_url)
    assert "there is no journey hello" in refused("export", "hello")
    assert "valid, 1 steps" in run("validate", small).stdout
    planned = run("plan", small).stdout
    assert "hello is new, as version 1:" in planned
    assert "+name: 问好" in planned
    assert "there is no journey hello" in refused("export", "hello"), "a plan changes nothing"
    applied = run("apply", small)
    assert applied.exit_code == 0
    assert "journey hello: version 1, draft" in applied.stdout
    assert "nothing changes, version 1 says the same" in run("plan", small).stdout
    small.write_text(run("export", "hello").stdout.replace("上海", "杭州"), encoding="utf-8-sig")
    assert "+    value: 杭州" in run("plan", small).stdout
    assert "journey hello: running" in run("apply", small, "--start").stdout
    small.write_text(SMALL.replace("followed", "报名"), encoding="utf-8")
    assert "bad_journey: entry.condition.type: an event type" in refused("apply", small)
    assert "杭州" in run("export", "hello").stdout
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from journey_version").fetchone() == (2,)


def test_conditions_on_replies_say_that_they_need_the_archive(
    small: Path, monkeypatch: pytest.MonkeyPatch, database_url: str, world: World
) -> None:
    monkeypatch.setenv("SIYU_DATABASE_URL", database_url)
    with world.open() as ctx:
        platforms.save_account(ctx, kind="wecom", key="ww0123456789abcdef-1000002", name="企业微信")
    small.write_text(SMALL.replace("followed", "message_received"), encoding="utf-8")
    for command in ("validate", "plan", "apply"):
        done = run(command, small)
        assert done.exit_code == 0
        assert "warning: entry.condition: needs archive: " in done.stdout
    small.write_text(SMALL, encoding="utf-8")
    assert "warning" not in run("validate", small).stdout


def test_an_installation_of_another_version_is_named(
    small: Path, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    name = f"{server.prefix}empty"
    monkeypatch.setenv("SIYU_DATABASE_URL", server.create(name))
    assert "run `siyu migrate` first" in refused("validate", small)
    server.drop(name)
    assert "does not exist" in refused("validate", small)
