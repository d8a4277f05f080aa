"""Journeys as files, for the command line."""

from pathlib import Path

from rich.console import Console

from siyu.app.wiring import house_at
from siyu.journeys import actions, files
from siyu.kernel.settings import Settings


def validate(file: Path, url: str, conf: Settings, console: Console) -> None:
    """Raise the journey's errors; references are checked when ``url`` names a database."""
    text = file.read_text(encoding="utf-8")
    if not url:
        definition = files.load(text)
        console.print(
            f"{file}: well formed, {len(definition.steps)} steps. References not checked: no database runs here."
        )
        return
    with house_at(url, conf) as house, house.open() as ctx:
        definition = files.validate(ctx, text)
    console.print(f"{file}: valid, {len(definition.steps)} steps")


def apply(file: Path, url: str, conf: Settings, console: Console, *, start: bool) -> None:
    """Print the plan, then apply it."""
    text = file.read_text(encoding="utf-8")
    with house_at(url, conf) as house, house.open() as ctx:
        plan = files.plan(ctx, files.load(text))
        console.print(plan.diff or "nothing changes", markup=False, highlight=False)
        applied = files.apply(ctx, text)
        console.print(f"journey {applied.key}: version {applied.version}, {applied.state}")
        if start:
            started = actions.start(ctx, applied.journey_id)
            console.print(f"journey {started.key}: {started.state}")


def export(key: str, url: str, conf: Settings) -> str:
    """The newest version as YAML. Raises UnknownJourney."""
    with house_at(url, conf) as house, house.open() as ctx:
        return files.export(ctx, key)
