"""The command line: ``siyu run | demo | worker | journey ... | openapi | migrate``."""

import json
import os
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from siyu.kernel.clock import SystemClock
from siyu.kernel.ctx import Actor
from siyu.kernel.errors import SiyuError
from siyu.kernel.postgres import AlreadyRunning, running_url
from siyu.kernel.postgres_host import ServerError
from siyu.kernel.settings import Settings, settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Siyu 私域运营中台", pretty_exceptions_enable=False)
journey = typer.Typer(no_args_is_help=True, help="Journeys as files: validate, plan, apply, export.")
app.add_typer(journey, name="journey")
console = Console()
OPERATOR = Actor("system", "cli")


@app.command()
def run(
    speed: Annotated[
        float, typer.Option(help="How many simulated seconds pass in one second.", min=1, max=3600)
    ] = 120.0,
    customers: Annotated[
        int, typer.Option(help="Followers of the demo company at its first start.", min=20, max=100_000)
    ] = 600,
    demo: Annotated[bool, typer.Option(help="Start the sandbox and the demo company; --no-demo starts bare.")] = True,
) -> None:
    """Start the platform: database, HTTP server, workers and, unless --no-demo, the sandbox with a demo company."""
    from siyu.app.running import run_here

    with Friendly():
        run_here(settings(), console, speed=speed, customers=customers, demo=demo)


@app.command()
def demo(
    customers: Annotated[int, typer.Option(help="Followers who match the segment.", min=10, max=1_000_000)] = 1_000,
    late: Annotated[
        int | None, typer.Option(help="People who follow meanwhile; default one fifth of customers.")
    ] = None,
    reply_rate: Annotated[float, typer.Option(help="Share that replies the keyword.", min=0, max=1)] = 0.2,
    form_rate: Annotated[float, typer.Option(help="Share of those who fill in the form.", min=0, max=1)] = 0.5,
    seed: Annotated[int, typer.Option(help="Another seed, other people.")] = 7,
    lose: Annotated[float, typer.Option(help="Share of callbacks that get lost.", min=0, max=0.5)] = 0.0,
    duplicate: Annotated[float, typer.Option(help="Share of callbacks delivered twice.", min=0, max=1)] = 0.0,
    reorder: Annotated[float, typer.Option(help="Share of callbacks delivered out of order.", min=0, max=1)] = 0.0,
) -> None:
    """Play the e-book wave (story 1) on a virtual clock and compare every count with the simulated platform's own."""
    from siyu.app.demo.wave import Plan, play

    plan = Plan(
        customers=customers,
        late=customers // 5 if late is None else late,
        reply_rate=reply_rate,
        form_rate=form_rate,
        seed=seed,
        lose=lose,
        duplicate=duplicate,
        reorder=reorder,
    )
    with Friendly():
        if not play(plan, settings(), console):
            raise typer.Exit(1)


@app.command()
def worker() -> None:
    """One more worker process on the database of SIYU_DATABASE_URL, or on the embedded one that runs in this folder."""
    from siyu.app.wiring import house_at
    from siyu.runtime.serve import Service

    with Friendly(), house_at(_url(settings()), settings()) as house:
        service = Service(house, settings().workers)
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        service.start()
        console.print(f"worker {os.getpid()} is ready")
        stopped.wait()
        service.stop()


@app.command()
def migrate() -> None:
    """Bring the database's schema to the newest revision."""
    from siyu.app.wiring import database

    with Friendly(), database(settings()):
        console.print("the schema is up to date")


@app.command()
def openapi(
    path: Annotated[Path | None, typer.Argument(help="Where to write; standard output by default.")] = None,
) -> None:
    """Write the OpenAPI description; the screens' client is generated from it."""
    from siyu.app.description import description

    text = json.dumps(description(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if path is None:
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")


@journey.command("validate")
def journey_validate(file: Path) -> None:
    """Check a journey file; with a running installation also its references to content, tags and segments."""
    from siyu.app import journey_files

    with Friendly():
        journey_files.validate(file, _url(settings(), optional=True), settings(), console)


@journey.command("apply")
def journey_apply(
    file: Path, start: Annotated[bool, typer.Option(help="Start the journey after applying.")] = False
) -> None:
    """Show what changes, then make the file the journey's newest version."""
    from siyu.app import journey_files

    with Friendly():
        journey_files.apply(file, _required(settings()), settings(), console, start=start)


@journey.command("export")
def journey_export(key: str) -> None:
    """Write a journey's newest version as YAML to standard output."""
    from siyu.app import journey_files

    with Friendly():
        sys.stdout.write(journey_files.export(key, _required(settings()), settings()))


def today(zone: str) -> datetime:
    """The present time in the company's zone: the edge where a wall clock is read."""
    return SystemClock().now().astimezone(ZoneInfo(zone))


def _url(conf: Settings, *, optional: bool = False) -> str:
    url = conf.database_url or running_url(conf.data_dir / "pg")
    if url is None and not optional:
        raise ServerError("no database: set SIYU_DATABASE_URL, or start `make run` in this folder first")
    return url or ""


def _required(conf: Settings) -> str:
    return _url(conf)


class Friendly:
    """Expected failures end as one line on standard error and exit code 2, not as a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, AlreadyRunning):
            who = f"process {error.pid}" if error.pid else "another process"
            _fail(
                f"Siyu is already running here ({who}). Stop it with Ctrl-C first.\n"
                "Siyu 已经在这里运行，请先按 Ctrl-C 停止。"
            )
        if isinstance(error, ServerError | OSError):
            _fail(str(error))
        if isinstance(error, SiyuError):
            faults = error.detail.get("errors")
            lines = [f"{error.code}: {error.field + ': ' if error.field else ''}{error.message}"]
            if isinstance(faults, list):
                lines += [
                    f"  - {fault.get('field')}: {fault.get('message')}" for fault in faults if isinstance(fault, dict)
                ]
            _fail("\n".join(lines))


def _fail(message: str) -> None:
    sys.stderr.write(message + "\n")
    raise typer.Exit(2)


def main() -> None:
    """The entry point."""
    app()


if __name__ == "__main__":
    main()
