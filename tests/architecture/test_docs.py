"""Documentation is held against the code: settings, errors, targets of make, decisions."""

import re
import subprocess
from pathlib import Path

import pytest

from siyu.app.description import description, rendered
from siyu.kernel.errors import SiyuError
from siyu.kernel.settings import Settings
from tools import docs

ROOT = Path(__file__).resolve().parents[2]


def test_generated_pages_are_current() -> None:
    for name, text in docs.pages().items():
        assert (docs.DOCS / name).read_text() == text, f"docs/{name} is out of date: run make docs"


def test_the_description_of_the_api_is_current() -> None:
    """The screens' client is generated from it; ``make lint`` compares that."""
    assert (docs.DOCS / "openapi.json").read_text() == rendered(description()), "run make openapi"


def test_every_setting_and_error_is_explained() -> None:
    docs.import_everything()
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    for error in docs.errors():
        assert error.__doc__, f"{error.__module__}.{error.__name__} has no docstring"
        assert 400 <= error.status < 600, error
        assert re.fullmatch(r"[a-z][a-z0-9_]*", error.code), error


def test_error_codes_are_unique() -> None:
    """A code stands for one case: a subclass that keeps its parent's code would hide in it."""
    docs.import_everything()
    codes = [error.code for error in docs.errors()]
    assert sorted({code for code in codes if codes.count(code) > 1}) == []


def test_an_undocumented_error_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fresh(SiyuError):
        """A case that no page names yet."""

        code = "fresh"

    assert Fresh not in docs.errors()  # of the product's own modules only
    monkeypatch.setattr(docs, "errors", lambda: [Fresh])
    assert "fresh" in docs.errors_page()
    assert "`fresh`" not in (docs.DOCS / "errors.md").read_text()


def test_every_target_of_make_is_listed_by_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    shown = subprocess.run(["make", "-s", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for target in re.findall(r"^([a-z]+):", makefile, re.MULTILINE):
        assert f"make {target} " in shown or target == "browser"


def test_decisions_are_numbered_once_and_one_page_long() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [page.name.split("-")[0] for page in pages]
    assert len(set(numbers)) == len(numbers)
    for page in pages:
        text = page.read_text()
        assert re.match(rf"# {int(page.name.split('-')[0])}\. ", text), page.name
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences")), page.name
        assert len(text.splitlines()) <= 60, page.name
