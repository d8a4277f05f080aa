"""Journeys as files, for the command line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg.errors import UndefinedColumn, UndefinedTable
from rich.console import Console
from sqlalchemy.exc import ProgrammingError

from siyu.app.wiring import house_at
from siyu.journeys import actions, files
from siyu.journeys.types import BadJourney, Caution, Problem
from siyu.kernel.ctx import Ctx
from siyu.kernel.postgres import check_server
from siyu.kernel.postgres_host import ServerError
from siyu.kernel.settings import Settings


def _text(file: Path) -> str:
    """The file as text; raises BadJourney for what is none."""
    if file.stat().st_size > 4 * files.LARGEST:
        raise BadJourney([Problem("text", f"a file has at most {files.LARGEST} characters")])
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        said = f"the file is not UTF-8 (byte {error.start + 1}): save it as UTF-8"
        raise BadJourney([Problem("text", said)]) from None


@contextmanager
def _open(url: str, conf: Settings) -> Iterator[Ctx]:
    """A transaction of the installation at ``url``; raises ServerError with what to do where there is none."""
    check_server(url)
    try:
        with house_at(url, conf) as house, house.open() as ctx:
            yield ctx
    except ProgrammingError as error:
        if isinstance(error.orig, UndefinedTable | UndefinedColumn):
            raise ServerError("this database is not of this version of Siyu: run `siyu migrate` first") from None
        raise


def validate(file: Path, url: str, conf: Settings, console: Console) -> None:
    """Raise the journey's errors; references are checked when ``url`` names a database."""
    text = _text(file)
    if not url:
        definition = files.sound(text)
        console.print(
            f"{file}: form and paths are sound, {definition.size}. Contents, tags, segments and accounts "
            "were not looked up, because no Siyu runs in this folder: start `make run`, or set SIYU_DATABASE_URL.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        return
    with _open(url, conf) as ctx:
        definition = files.load(text)
        warned = actions.validate(ctx, definition)
    console.print(f"{file}: valid, {definition.size}", markup=False, highlight=False, soft_wrap=True)
    _warn(warned, console)


def plan(file: Path, url: str, conf: Settings, console: Console) -> None:
    """Print what applying would change."""
    text = _text(file)
    with _open(url, conf) as ctx:
        _show(files.plan(ctx, files.load(text)), console)


def apply(file: Path, url: str, conf: Settings, console: Console, *, start: bool) -> None:
    """Print the plan, then apply it."""
    text = _text(file)
    with _open(url, conf) as ctx:
        _show(files.plan(ctx, files.load(text)), console)
        applied = files.apply(ctx, text)
        console.print(f"journey {applied.key}: version {applied.version}, {applied.state}", highlight=False)
        if start:
            started = actions.start(ctx, applied.journey_id)
            console.print(f"journey {started.key}: {started.state}", highlight=False)
        elif applied.state == "draft":
            console.print("It is a draft: start it on its page, or apply with --start.", highlight=False)


def _show(plan: files.Plan, console: Console) -> None:
    said = {
        "create": f"{plan.key} is new, as version {plan.version}:",
        "change": f"{plan.key} changes, as version {plan.version}:",
        "none": f"{plan.key}: nothing changes, version {plan.version} says the same.",
    }[plan.change]
    console.print(f"{said}\n{plan.diff}".rstrip(), markup=False, highlight=False, soft_wrap=True)

    _warn(plan.warnings, console)


def _warn(warnings: Sequence[Caution], console: Console) -> None:
    for one in warnings:
        console.print(f"warning: {one.field}: {one.message}", markup=False, highlight=False, soft_wrap=True)


def export(key: str, url: str, conf: Settings) -> str:
    """The newest version as YAML. Raises UnknownJourney."""
    with _open(url, conf) as ctx:
        return files.export(ctx, key)
