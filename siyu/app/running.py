"""``siyu run``: everything in one command, stopped cleanly by Ctrl-C."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
from rich.console import Console

from siyu.app.demo import company, life
from siyu.app.sandboxed import sandbox_process
from siyu.app.server import listening, serving
from siyu.app.wiring import database, house_at
from siyu.kernel.clock import Clock, ScaledClock, SystemClock
from siyu.kernel.db import Engine, engine_for
from siyu.kernel.postgres import AlreadyRunning
from siyu.kernel.settings import Settings, know
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime import queries as runtime
from siyu.runtime.house import House, set_clock
from siyu.runtime.serve import Service

RUN_LOCK = 7_305_201
BEAT_SECONDS = 2.0
FIRST_HOUR = timedelta(hours=8, minutes=50)
"""A new demo company wakes up shortly before its first push at 9:00, so that something happens within seconds."""


def run_here(conf: Settings, console: Console, *, speed: float, customers: int, demo: bool) -> None:
    """Run until SIGINT or SIGTERM. Raises AlreadyRunning, ServerError, OSError (port taken)."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as stack:
        console.print("正在启动数据库… / starting the database")
        url = stack.enter_context(database(conf))
        stack.enter_context(_only_one(url, conf.data_dir))
        bound = _bind(conf)
        address = conf.public_url or f"http://{conf.host}:{bound.getsockname()[1]}"
        conf = know(public_url=address)
        engine = engine_for(url, pool=2)
        stack.callback(engine.dispose)
        clock: Clock = _scaled(engine, speed, conf.zone) if demo else SystemClock()
        house = stack.enter_context(house_at(url, conf, clock))
        stack.enter_context(serving(house, bound))
        if demo:
            console.print("正在启动沙箱与演示公司… / starting the sandbox and the demo company")
            control = stack.enter_context(sandbox_process(conf.data_dir / "sandbox"))
            _demo(stack, house, control, engine, address, speed, customers, console)
        service = Service(house, conf.workers)
        service.start()
        stack.callback(service.stop)
        _welcome(console, address, speed, demo)
        stopped.wait()
        console.print("正在停止… / stopping")


def _demo(
    stack: ExitStack,
    house: House,
    control: SandboxControl,
    engine: Engine,
    address: str,
    speed: float,
    customers: int,
    console: Console,
) -> None:
    spec = company.Spec(customers=customers, public_url=address)
    built = company.build(house, control, spec, console)
    company.start_wave(house, built)
    control.run_scaled(house.clock.now(), speed)
    stack.enter_context(_beating(engine, house.clock, speed))
    stack.enter_context(life.going_on(house, control, spec))


def _scaled(engine: Engine, speed: float, zone: str) -> ScaledClock:
    """Go on where the company's time stood; a new company starts this morning."""
    stood = runtime.world_time(engine)
    if stood is not None and stood.mode == "scaled":
        base = stood.base
    else:
        local = SystemClock().now().astimezone(ZoneInfo(zone))
        base = local.replace(hour=0, minute=0, second=0, microsecond=0) + FIRST_HOUR
    clock = ScaledClock(base, speed)
    set_clock(engine, "scaled", clock.base, speed)
    return clock


@contextmanager
def _beating(engine: Engine, clock: Clock, speed: float) -> Iterator[None]:
    """Write the company's time down every two seconds: the next start goes on from there, also after kill -9."""
    stopped = threading.Event()

    def beat() -> None:
        while not stopped.wait(BEAT_SECONDS):
            set_clock(engine, "scaled", clock.now(), speed)

    thread = threading.Thread(target=beat, name="siyu-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(10)
        set_clock(engine, "scaled", clock.now(), speed)


@contextmanager
def _only_one(url: str, folder: Path) -> Iterator[None]:
    """Hold a lock in the database itself: two installations on one server database would send everything twice."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("select pg_try_advisory_lock(%s)", (RUN_LOCK,)).fetchone()
        if row is None or not row[0]:
            raise AlreadyRunning(folder, "", None)
        yield


def _bind(conf: Settings) -> socket.socket:
    try:
        return listening(conf.host, conf.port)
    except OSError as error:
        raise OSError(
            f"port {conf.port} on {conf.host} is taken ({error.strerror}); set SIYU_PORT to another one"
        ) from error


def _welcome(console: Console, address: str, speed: float, demo: bool) -> None:
    console.rule("思域 Siyu")
    console.print(f"地址 / address   [bold]{address}[/bold]")
    if demo:
        console.print(
            f"登录 / sign in   [bold]{company.LOGIN}[/bold]  {company.PASSWORD}   (运营 operator; admin 为管理员)"
        )
        console.print(f"时间 / time      1 秒 = {speed:.0f} 秒模拟时间 / one second is {speed:.0f} simulated seconds")
        console.print("试试 / try       1. 旅程 → 电子书波次：看人群沿流程移动 / watch the wave move")
        console.print("                 2. 客户 → 打开一个人：时间线、标签原因、为什么发或没发 / one person's story")
        console.print("                 3. 人群 → 新建：边改边估算 / build a segment with a live estimate")
        console.print("                 4. 导入 → examples/import/ 里的脏文件 / import a dirty file")
    console.print("Ctrl-C 停止，数据保留 / stops; the data stays")
    console.rule()
