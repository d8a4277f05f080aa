"""Journeys as files, for the command line."""

from pathlib import Path

from rich.console import Console

from siyu.app.wiring import house_at
from siyu.journeys import actions, files, queries
from siyu.kernel.errors import NotFound
from siyu.kernel.settings import Settings


def validate(file: Path, url: str, conf: Settings, console: Console) -> None:
    """Raise the journey's errors; references are checked when ``url`` names a database."""
    definition = files.load(file.read_text(encoding="utf-8"))
    if not url:
        console.print(f"{file}: well formed ({len(definition.steps)} steps). References were not checked: no database runs.")
        return
    with house_at(url, conf) as house, house.open() as ctx:
        actions.validate(ctx, definition)
    console.print(f"{file}: valid ({len(definition.steps)} steps)")


def apply(file: Path, url: str, conf: Settings, console: Console, *, start: bool) -> None:
    """Print the plan, then apply it."""
    definition = files.load(file.read_text(encoding="utf-8"))
    with house_at(url, conf) as house, house.open() as ctx:
        for line in files.plan(ctx, definition):
            console.print(line, markup=False)
        applied = actions.apply(ctx, definition)
        console.print(f"journey {definition.key}: version {applied.version}")
        if start:
            actions.start(ctx, applied.journey_id)
            console.print("started")


def export(key: str, url: str, conf: Settings) -> str:
    """The newest version as YAML. Raises NotFound."""
    with house_at(url, conf) as house, house.open() as ctx:
        found = queries.by_key(ctx, key)
        if found is None:
            raise NotFound(f"there is no journey {key}", field="key")
        return files.dump(queries.definition(ctx, found.journey_id))
