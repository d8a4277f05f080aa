"""Each wall stands in our house, and falls on a house built to break it."""

import subprocess
import sys
from pathlib import Path

import pytest

from migrations.schema import load_tables
from siyu.kernel.db import metadata
from tests.architecture import walls

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
GOOD_ROOM = '"""Tags: the taxonomy of tags and their assignments; it promises that each assignment says why."""\n'


def owners() -> dict[str, str]:
    """Table -> room, by the module that declares it."""
    load_tables()
    found: dict[str, str] = {}
    for name, module in sys.modules.items():
        if name.startswith("siyu.") and name.count(".") >= 2:
            for value in vars(module).values():
                table = getattr(value, "name", None)
                if isinstance(table, str) and metadata.tables.get(table) is value and "store" in name:
                    found[table] = name.split(".")[1]
    return found


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small house without a breach: the room tags above the room customers."""
    for name in ("tags", "customers", "kernel"):
        (tmp_path / "siyu" / name).mkdir(parents=True)
        (tmp_path / "siyu" / name / "__init__.py").write_text(GOOD_ROOM)
    (tmp_path / "siyu" / "customers" / "store.py").write_text("from siyu.kernel.db import metadata\n")
    (tmp_path / "siyu" / "tags" / "actions.py").write_text("from siyu.customers import queries\n")
    return tmp_path


def breaches(root: Path) -> list[str]:
    paths = (
        list(walls.tracked(root)) if root == ROOT else [p.relative_to(root) for p in root.rglob("*.*") if p.is_file()]
    )
    return [
        *walls.closed_doors(root),
        *walls.foreign_writes(root, owners() if root == ROOT else {"customer": "customers", "tag": "tags"}),
        *walls.wall_clocks(root),
        *walls.lasting_plans(root),
        *walls.callers_out(root),
        *walls.silent_rooms(root),
        *walls.loose_types(root),
        *walls.long_files(root, paths),
        *walls.forbidden_words(root, paths),
    ]


def test_the_house_stands() -> None:
    assert breaches(ROOT) == []


def test_a_small_good_house_stands(house: Path) -> None:
    assert breaches(house) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("tags/actions.py", "from siyu.customers.store import customer\n", "is private to its room"),
        ("tags/actions.py", "from siyu.customers import store\n", "is private to its room"),
        ("tags/actions.py", "from siyu.customers.http import router\n", "is private to its room"),
        ("tags/actions.py", "from siyu.customers import jobs as other\n", "is private to its room"),
        ("tags/actions.py", "from siyu.customers.merging import merge\n", "is not a door"),
        ("tags/actions.py", "import siyu.customers.merging\n", "is not a door"),
        ("tags/store.py", "from siyu.customers.queries import customer\nx = insert(customer)\n", "table of customers"),
        (
            "tags/store.py",
            "from siyu.customers import queries\nx = queries.customer\ny = delete(queries.customer)\n",
            "table of",
        ),
        ("tags/store.py", "x = text('UPDATE customer SET name = :name')\n", "writes to customer, a table of customers"),
        ("tags/store.py", "x = text('select 1 where at < now()')\n", "SQL reads the clock"),
        ("tags/store.py", "x = f'select {1} where at < CURRENT_TIMESTAMP'\n", "SQL reads the clock"),
        ("tags/store.py", "x = sa.func.clock_timestamp()\n", "func.clock_timestamp reads the clock"),
        ("tags/store.py", "x = delete(tag).returning(tag.c.id).cte('x')\n", ".cte does not distribute"),
        ("tags/store.py", "x = func.row_number().over(order_by=a)\n", ".over does not distribute"),
        ("tags/store.py", "x = text('select ctid from tag')\n", "ctid does not distribute"),
        ("tags/store.py", "x = text('select 1 except select 2')\n", "except select does not distribute"),
        ("tags/jobs.py", "from urllib import request\n", "urllib.request calls out"),
        ("tags/jobs.py", "import socket\n", "socket calls out"),
        ("tags/__init__.py", '"""Tags."""\n', "no paragraph"),
        ("tags/__init__.py", GOOD_ROOM + "from siyu.tags import store\n", "code; a room is used through its doors"),
        ("tags/types.py", "@dataclass(slots=True)\nclass Tag:\n    name: str\n", "is frozen"),
        ("tags/types.py", "@dataclass\nclass Tag:\n    name: str\n", "is frozen"),
        ("tags/long.py", "x = 1\n" * 401, "401 lines, at most 400"),
        ("tags/long.tsx", "x;\n" * 401, "401 lines, at most 400"),
        ("tags/actions.py", "# TO" + "DO: later\n", "unfinished"),
        ("tags/actions.py", "raise NotImpl" + "ementedError\n", "unfinished"),
        ("tags/page.md", "see /wo" + "rk/main\n", "names a place of one machine"),
    ],
)
def test_each_wall_can_fall(house: Path, file: str, text: str, complaint: str) -> None:
    (house / "siyu" / file).write_text(text)
    found = breaches(house)
    assert len(found) == 1
    assert complaint in found[0]


def _lint_imports(root: Path) -> str:
    command = [str(PROGRAMS / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=root, check=False, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("file", "text", "broken"),
    [
        ("siyu/kernel/bad.py", "import siyu.tags.actions\n", "Rooms import downward only"),
        ("siyu/stray/__init__.py", "", "Rooms import downward only"),
        ("siyu/runtime/bad.py", "import siyu.tags.http\n", "Routes are mounted by app alone"),
        ("siyu/tags/bad.py", "import siyu.customers.jobs\n", "Background work is started by app and runtime"),
        ("siyu/tags/actions.py", "import fastapi\n", "FastAPI in http.py files and in app only"),
        ("siyu/tags/actions.py", "import httpx2\n", "Only the platforms room calls out"),
        ("sandbox/bad.py", "import siyu.kernel\n", "The sandbox talks to Siyu over HTTP only"),
        ("people/bad.py", "import socket\n", "The people model does no input or output"),
        ("siyu/tags/actions.py", "import sandbox\n", "The product does not know its simulation"),
        ("siyu/tags/http.py", "import fastapi\n", ""),
    ],
)
def test_each_import_contract_can_break(tmp_path: Path, file: str, text: str, broken: str) -> None:
    layers = (ROOT / ".importlinter").read_text().split("layers =\n")[1].split("\n\n")[0]
    rooms = [
        room for line in layers.splitlines() for room in line.replace("|", " ").split() if not room.startswith("(")
    ]
    for name in ("people", "sandbox", *(f"siyu/{room}" for room in {*rooms, "tags", "customers"})):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("")
    for name in ("siyu/__init__", "siyu/tags/actions", "siyu/tags/http", "siyu/customers/jobs"):
        (tmp_path / f"{name}.py").write_text("")
    (tmp_path / ".importlinter").write_text((ROOT / ".importlinter").read_text())
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    shown = _lint_imports(tmp_path)
    if broken:
        assert [line for line in shown.splitlines() if line.startswith(broken) and line.endswith("BROKEN")], shown
    else:
        assert "0 broken" in shown


def _scan(root: Path) -> list[str]:
    command = [str(PROGRAMS / "ast-grep"), "scan", "--report-style", "short", "--config"]
    command.append(str(ROOT / "tools" / "ast-grep" / "sgconfig.yml"))
    shown = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True).stdout
    return [line for line in shown.splitlines() if line.startswith("siyu/")]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("for i in ids:\n    ctx.tx.execute(i)\n", "statement-in-loop"),
        ("while True:\n    if i:\n        n = ctx.tx.execute(i).rowcount\n", "statement-in-loop"),
        ("x = [ctx.tx.scalar(i) for i in ids]\n", "statement-in-loop"),
        ("for i in ids:\n    store.add(ctx, i)\n", "statement-in-loop"),
        ("x = {i: customers.profile(ctx, i) for i in ids}\n", "statement-in-loop"),
        ("store.add(ctx, [i for i in ids])\n", None),
        ("for i in ids:  # set-loop: two platforms\n    ctx.tx.execute(i)\n", None),
        ("# set-loop: two platforms\nfor i in ids:\n    ctx.tx.execute(i)\n", None),
        ("for row in ctx.tx.execute(i):\n    print(row)\n", None),
        ("x = [row for row in ctx.tx.execute(i)]\n", None),
        ("ctx.tx.commit()\n", "transaction-in-room"),
        ("with ctx.tx.begin_nested():\n    pass\n", "transaction-in-room"),
    ],
)
def test_rules_about_statements(tmp_path: Path, text: str, rule: str | None) -> None:
    (tmp_path / "siyu" / "tags").mkdir(parents=True)
    (tmp_path / "siyu" / "tags" / "store.py").write_text(text)
    found = _scan(tmp_path)
    assert (len(found) == 1 and rule in found[0]) if rule else found == []


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\n\nx = datetime.now()\n",
        "import time\n\nx = time.time()\n",
        "from sqlalchemy import func\n\nx = func.now()\n",
        "from sqlalchemy.orm import Session\n\nx = Session\n",
    ],
)
def test_the_wall_clock_and_the_orm_are_banned(tmp_path: Path, text: str) -> None:
    (tmp_path / "siyu").mkdir()
    (tmp_path / "siyu" / "bad.py").write_text(text)
    command = [str(PROGRAMS / "ruff"), "check", "--config", str(ROOT / "pyproject.toml"), "--select", "TID251", "."]
    assert "TID251" in subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True).stdout
