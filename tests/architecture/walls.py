"""The walls that no ready tool holds, as functions over a source tree, so that each can be shown a broken house.

Every function takes the folder that holds ``siyu/`` and yields one line per breach: ``path:line: what is wrong``.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

DOORS = {"types", "actions", "queries", "leaves"}
EDGE = {"app", "runtime", "rehearsal"}
# Doors beside the usual four: what else a room offers to the rooms above it, and why.
EXTRA_DOORS = {
    "platforms": {
        "official_account",
        "wecom",
        "webhook",
        "sandbox_control",
        "xml",
    },  # one folder per platform; their bodies
    "experiments": {"arms"},  # the assignment rule as a pure function
    "allocation": {"rotation"},  # the rule of rotation as a pure function
}
PRIVATE_TO_EDGE = {"http", "jobs"}
MOMENT = re.compile(
    r"\bnow\s*\(\s*\)|\b(current_(timestamp|date|time)|localtime(stamp)?|(clock|statement|transaction)_timestamp)\b",
    re.IGNORECASE,
)
WRITE = re.compile(
    r"\b(?:insert\s+into|update(?:\s+only)?|delete\s+from|truncate(?:\s+table)?|merge\s+into)\s+\"?(\w+)", re.IGNORECASE
)
LOCAL = re.compile(
    r"\bctid\b|\bexcept\s+(all\s+)?select\b|\bas\s+materialized\b|\bcreate\s+trigger\b|\bover\s*\(", re.IGNORECASE
)
CLIENTS = {"socket", "urllib.request", "http.client", "smtplib", "ftplib", "aiohttp", "websockets"}
# [x] keeps a pattern from finding itself.
UNFINISHED = re.compile(
    r"\b(TOD[O]|FIXM[E]|XX[X])\b|NotImplemente[d]|pytest\.(mark\.)?(ski[p]|xfai[l])|\b(it|test|describe)\.(ski[p]|tod[o])"
)
PLACES = re.compile(
    r"(?<![\w.])/(?:wor[k]|roo[t]|home/[a-z]+)/|\.librar[y]|registry\.npmj[s]|files\.pythonhoste[d]|pypi\.or[g]"
)
LIMIT = 400
TEXT = {
    ".py",
    ".ts",
    ".tsx",
    ".sh",
    ".toml",
    ".yml",
    ".yaml",
    ".json",
    ".md",
    ".txt",
    ".in",
    ".ini",
    ".cfg",
    ".mako",
    ".mjs",
    "",
}


def python_files(root: Path, *folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders or ("siyu",):
        for path in sorted((root / folder).rglob("*.py")):
            yield path.relative_to(root), ast.parse(path.read_text())


def room_of(path: Path) -> str:
    return path.parts[1] if len(path.parts) > 2 else ""


def _imports(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """(line, module, local name) of every import of Siyu; ``from a.b import c`` gives a.b.c."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "siyu":
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}", alias.asname or alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "siyu":
                    yield node.lineno, alias.name, alias.asname or "siyu"


def closed_doors(root: Path) -> Iterator[str]:
    """A room may use another room's types, actions, queries and leaves, nothing else of it."""
    for path, tree in python_files(root):
        room = room_of(path)
        for line, module, _ in _imports(tree):
            parts = module.split(".")
            if len(parts) < 3 or parts[1] in (room, "kernel"):
                continue
            inside = set(parts[2:])
            stores = any(part == "store" or part.startswith("store_") for part in parts[2:])
            if stores or (room not in EDGE and inside & PRIVATE_TO_EDGE):
                yield f"{path}:{line}: {module} is private to its room"
            elif room not in EDGE and parts[2] not in DOORS | EXTRA_DOORS.get(parts[1], set()):
                yield f"{path}:{line}: {module} is not a door"


def foreign_writes(root: Path, owners: dict[str, str]) -> Iterator[str]:
    """Only the room that declares a table writes to it. ``owners``: table -> room."""
    for path, tree in python_files(root):
        room = room_of(path)
        origin = {name: module.split(".")[1] for _, module, name in _imports(tree)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and node.args
                and _called(node.func) in ("insert", "update", "delete", "upsert")
            ):
                base = node.args[0]
                while isinstance(base, ast.Attribute):
                    base = base.value
                if isinstance(base, ast.Name) and origin.get(base.id, room) != room:
                    yield f"{path}:{node.lineno}: writes to a table of {origin[base.id]}"
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                for table in WRITE.findall(node.value):
                    if owners.get(table, room) != room:
                        yield f"{path}:{node.lineno}: writes to {table}, a table of {owners[table]}"


def _called(function: ast.expr) -> str:
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _prose(tree: ast.Module) -> set[int]:
    """Ids of the nodes that are docstrings or strings standing alone."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def wall_clocks(root: Path) -> Iterator[str]:
    """SQL takes the time as a parameter."""
    for path, tree in python_files(root, "siyu", "migrations"):
        prose = _prose(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                if MOMENT.search(node.value):
                    yield f"{path}:{node.lineno}: SQL reads the clock"
            elif isinstance(node, ast.Attribute) and _called(node.value) == "func" and MOMENT.search(f"{node.attr}()"):
                yield f"{path}:{node.lineno}: func.{node.attr} reads the clock"


def lasting_plans(root: Path) -> Iterator[str]:
    """What a distributed PostgreSQL cannot push down, or gains nothing: section 7 of the architecture."""
    for path, tree in python_files(root):
        prose = _prose(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ("cte", "except_", "except_all", "over"):
                yield f"{path}:{node.lineno}: .{node.attr} does not distribute; use a sub-select or an outer join"
            elif (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in prose
                and (found := LOCAL.search(node.value))
            ):
                yield f"{path}:{node.lineno}: {found[0].strip()} does not distribute"


def callers_out(root: Path) -> Iterator[str]:
    """Sockets and clients of the standard library, which .importlinter cannot tell from their harmless siblings."""
    for path, tree in python_files(root):
        if room_of(path) in ("platforms", "app") or path.name.startswith("postgres"):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            names = [one.name for one in node.names]
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
            for name in sorted(set(names) & CLIENTS):
                yield f"{path}:{node.lineno}: {name} calls out; only platforms does"


def silent_rooms(root: Path) -> Iterator[str]:
    """A room's __init__.py says what it owns and promises, and does nothing else."""
    for path in sorted((root / "siyu").glob("*/")):
        if path.name.startswith("_") or not any(path.glob("*.py")):
            continue
        file = path / "__init__.py"
        body = ast.parse(file.read_text()).body if file.exists() else []
        text = ast.get_docstring(ast.Module(body, [])) or ""
        if len(text) < 60:
            yield f"siyu/{path.name}/__init__.py:1: no paragraph on what the room owns and promises"
        elif len(body) > 1:
            yield f"siyu/{path.name}/__init__.py:{body[1].lineno}: code; a room is used through its doors"


def loose_types(root: Path) -> Iterator[str]:
    """What passes a door is frozen."""
    for path, tree in python_files(root):
        if path.name != "types.py":
            continue
        for node in ast.walk(tree):
            for mark in node.decorator_list if isinstance(node, ast.ClassDef) else ():
                keywords = {word.arg for word in mark.keywords} if isinstance(mark, ast.Call) else set()
                if (
                    _called(mark.func if isinstance(mark, ast.Call) else mark) == "dataclass"
                    and "frozen" not in keywords
                ):
                    yield f"{path}:{mark.lineno}: a dataclass at a door is frozen"


def tracked(root: Path) -> Iterator[Path]:
    """Files of the project, relative to the root: tracked, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    yield from (Path(name) for name in sorted(listed.stdout.split("\0")) if name and (root / name).is_file())


def _generated(path: Path) -> bool:
    return path.match("ui/src/api/*") or path.match("migrations/versions/*")


def long_files(root: Path, paths: list[Path]) -> Iterator[str]:
    """No source file above the limit, in any language."""
    for path in paths:
        if path.suffix in (".py", ".ts", ".tsx", ".css") and not _generated(path):
            lines = len((root / path).read_text().splitlines())
            if lines > LIMIT:
                yield f"{path}:{LIMIT}: {lines} lines, at most {LIMIT}"


def forbidden_words(root: Path, paths: list[Path]) -> Iterator[str]:
    """Nothing unfinished in the code, and nothing that belongs to one machine anywhere."""
    for path in paths:
        if path.suffix not in TEXT or path.name == "package-lock.json":
            continue
        code = path.suffix in (".py", ".ts", ".tsx", ".sh", ".mjs")
        for number, line in enumerate((root / path).read_text(errors="replace").splitlines(), 1):
            if PLACES.search(line):
                yield f"{path}:{number}: names a place of one machine or a registry"
            if code and UNFINISHED.search(line):
                yield f"{path}:{number}: unfinished"
