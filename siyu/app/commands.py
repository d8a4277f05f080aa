"""The command line: ``siyu run | demo | worker | journey ... | openapi | migrate``."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from siyu.app.lasting import lasting
from siyu.app.logs import configure
from siyu.kernel.ctx import Actor
from siyu.kernel.errors import SiyuError
from siyu.kernel.postgres import AlreadyRunning, running_url
from siyu.kernel.postgres_host import ServerError
from siyu.kernel.settings import Settings, settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Siyu 私域运营中台", pretty_exceptions_enable=False)
journey = typer.Typer(no_args_is_help=True, help="Journeys as files: validate, plan, apply, export.")
app.add_typer(journey, name="journey")
demo = typer.Typer(invoke_without_command=True)
app.add_typer(demo, name="demo")
console = Console()
OPERATOR = Actor("system", "cli")
JourneyFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


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
    with lasting():
        from siyu.app.running import run_here

    with Friendly():
        configure(settings().log_level)
        run_here(settings(), console, speed=speed, customers=customers, demo=demo)


@demo.callback()
def wave(
    context: typer.Context,
    customers: Annotated[int, typer.Option(help="Followers who match the segment.", min=10, max=1_000_000)] = 1_000,
    late: Annotated[
        int | None, typer.Option(help="People who follow meanwhile; default one fifth of customers.")
    ] = None,
    reply_rate: Annotated[float, typer.Option(help="Share that replies the keyword.", min=0, max=1)] = 0.2,
    form_rate: Annotated[float, typer.Option(help="Share of those who fill in the form.", min=0, max=1)] = 0.5,
    leave_rate: Annotated[
        float, typer.Option(help="Share that unfollows at each message pushed, beside the annoyed.", min=0, max=1)
    ] = 0.001,
    seed: Annotated[int, typer.Option(help="Another seed, other people.")] = 7,
    lose: Annotated[float, typer.Option(help="Share of callbacks that get lost.", min=0, max=0.5)] = 0.0,
    duplicate: Annotated[float, typer.Option(help="Share of callbacks delivered twice.", min=0, max=1)] = 0.0,
    reorder: Annotated[float, typer.Option(help="Share of callbacks delivered out of order.", min=0, max=1)] = 0.0,
    processes: Annotated[
        int | None, typer.Option(help="That answer HTTP and work; default 2 from 3,000 customers on.", min=1, max=16)
    ] = None,
) -> None:
    """Play the e-book wave (story 1) on a virtual clock and compare every count with the simulated platform's own."""
    if context.invoked_subcommand:
        return
    with lasting():
        from siyu.app.demo.wave import Plan, play

    plan = Plan(
        customers=customers,
        late=customers // 5 if late is None else late,
        reply_rate=reply_rate,
        form_rate=form_rate,
        leave_rate=leave_rate,
        seed=seed,
        lose=lose,
        duplicate=duplicate,
        reorder=reorder,
        processes=processes or (2 if customers >= 3_000 else 1),
    )
    with Friendly():
        if not play(plan, settings(), console):
            raise typer.Exit(1)


@demo.command()
def fortnight(
    customers: Annotated[int, typer.Option(help="People who come by the live codes.", min=10, max=100_000)] = 240,
    days: Annotated[int, typer.Option(help="Played; nobody comes in the last two.", min=3, max=60)] = 14,
    seed: Annotated[int, typer.Option(help="Another seed, other people.")] = 7,
    lose: Annotated[float, typer.Option(help="Share of callbacks that get lost.", min=0, max=0.5)] = 0.0,
    duplicate: Annotated[float, typer.Option(help="Share of callbacks delivered twice.", min=0, max=1)] = 0.0,
    reorder: Annotated[float, typer.Option(help="Share of callbacks delivered out of order.", min=0, max=1)] = 0.0,
    processes: Annotated[int, typer.Option(help="That answer HTTP and work.", min=1, max=16)] = 1,
) -> None:
    """Play fourteen days of a sales team: codes, stages, send tasks, replies, orders; compare with the platform."""
    with lasting():
        from siyu.app.demo.fortnight import Plan, play

    plan = Plan(customers, days, seed, lose, duplicate, reorder, processes)
    with Friendly():
        if not play(plan, settings(), console):
            raise typer.Exit(1)


@app.command()
def worker() -> None:
    """One more worker process on the database of SIYU_DATABASE_URL, or on the embedded one that runs in this folder."""
    with lasting():
        from siyu.app.wiring import house_at
        from siyu.runtime.serve import Service

    with Friendly(), house_at(_url(settings()), settings()) as house:
        configure(settings().log_level)
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
    from siyu.app.description import description, rendered

    text = rendered(description())
    if path is None:
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")


@journey.command("validate")
def journey_validate(file: JourneyFile) -> None:
    """Check a journey file; with a running installation also its references to content, tags and segments."""
    from siyu.app import journey_files

    with Friendly():
        journey_files.validate(file, _url(settings(), optional=True), settings(), console)


@journey.command("plan")
def journey_plan(file: JourneyFile) -> None:
    """Show what applying a file would change, and change nothing."""
    from siyu.app import journey_files

    with Friendly():
        journey_files.plan(file, _required(settings()), settings(), console)


@journey.command("apply")
def journey_apply(
    file: JourneyFile, start: Annotated[bool, typer.Option(help="Start the journey after applying.")] = False
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
        if isinstance(error, KeyboardInterrupt):
            sys.stderr.write("已停止，没有启动完 / stopped before it was ready\n")
            raise typer.Exit(130)
        if isinstance(error, AlreadyRunning):
            who = f"process {error.pid}" if error.pid else "another process"
            _fail(
                f"Siyu is already running here ({who}). Stop it with Ctrl-C first.\n"
                "Siyu 已经在这里运行，请先按 Ctrl-C 停止。"
            )
        if isinstance(error, ValidationError) and error.title == "Settings":
            _fail(
                "\n".join(
                    f"SIYU_{str(one['loc'][0]).upper()}: {one['msg'].removeprefix('Value error, ')}"
                    for one in error.errors()
                )
            )
        if isinstance(error, ServerError | OSError):
            _fail(str(error))
        if isinstance(error, SiyuError):
            faults = error.detail.get("errors")
            lines = [f"{error.code}: {error.field + ': ' if error.field else ''}{error.message}"]
            if isinstance(faults, list) and len(faults) > 1:
                lines += [
                    f"  - {fault.get('field')}: {fault.get('message')}" for fault in faults if isinstance(fault, dict)
                ]
            _fail("\n".join(lines))


def _fail(message: str) -> None:
    sys.stderr.write(message + "\n")
    raise typer.Exit(2)
