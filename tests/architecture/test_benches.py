"""A bench that nobody runs stops fitting what it measures: each runs here with a few people, for no figure."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FEW = {"engine_steps": ["300"], "import_apply": ["300"], "outreach_decide": ["300"], "small_sets": ["20"]}
FEW |= {"push_desk": ["300"], "stage_steps": ["300"], "welcome_latency": ["50", "3"]}


def test_every_bench_is_tried() -> None:
    assert {one.stem for one in (ROOT / "bench").glob("[a-z]*.py")} == FEW.keys()


@pytest.mark.parametrize("name", sorted(FEW))
def test_a_bench_ends_and_prints_figures(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *FEW[name]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert any(character.isdigit() for character in done.stdout), done.stdout
