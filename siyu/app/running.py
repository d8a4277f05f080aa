"""``siyu run``: everything in one command, stopped cleanly by Ctrl-C."""

import errno
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
from siyu.app.server import beside, listening, serving
from siyu.app.wiring import database, house_at
from siyu.kernel.clock import Clock, ScaledClock, SystemClock
from siyu.kernel.db import Engine, engine_for
from siyu.kernel.postgres import AlreadyRunning
from siyu.kernel.settings import Settings, know
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.runtime import queries as runtime
from siyu.runtime.house import House, set_clock
from siyu.runtime.serve import Service

STOPPING = (signal.SIGINT, signal.SIGTERM)
RUN_LOCK = 7_305_201
BEAT_SECONDS = 2.0
FIRST_HOUR = timedelta(hours=8, minutes=50)
"""A new demo company wakes up shortly before its first push at 9:00, so that something happens within seconds."""


def run_here(conf: Settings, console: Console, *, speed: float, customers: int, demo: bool) -> None:
    """Run until SIGINT or SIGTERM; before it is ready they raise KeyboardInterrupt, and what was begun is undone.

    Raises AlreadyRunning, ServerError, OSError (port taken).
    """
    with _giving_up(), ExitStack() as stack:
        console.print("正在启动数据库… / starting the database")
        url = stack.enter_context(database(conf))
        stack.enter_context(_only_one(url, conf.data_dir))
        bound = _bind(conf)
        address = conf.public_url or f"http://{conf.host}:{bound.getsockname()[1]}"
        conf = know(public_url=address)
        if demo and not conf.wecom_archive:
            conf = know(wecom_archive="sandbox")  # a seat of the demo company's is archived
        engine = engine_for(url, pool=2)
        stack.callback(engine.dispose)
        clock: Clock = _scaled(engine, speed, conf.zone) if demo else SystemClock()
        house = stack.enter_context(house_at(url, conf, clock))
        stack.enter_context(serving(house, bound))
        stack.enter_context(beside(conf.servers - 1, url, conf, bound))
        if demo:
            console.print("正在启动沙箱与演示公司… / starting the sandbox and the demo company")
            control = stack.enter_context(sandbox_process(conf.data_dir / "sandbox"))
            _catch_up(clock, control)
            _demo(stack, house, control, engine, address, speed, customers, console)
        service = Service(house, conf.workers)
        service.start()
        stack.callback(service.stop)
        stopped = threading.Event()
        for number in STOPPING:
            signal.signal(number, lambda *_: stopped.set())
        _welcome(console, address, speed, demo)
        stopped.wait()
        console.print("正在停止… / stopping")


@contextmanager
def _giving_up() -> Iterator[None]:
    """Let the first SIGINT or SIGTERM interrupt the start; a second one must not interrupt the undoing."""

    def give_up(*_: object) -> None:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in STOPPING:
        signal.signal(number, give_up)
    yield


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
    lively = (("chat_rate", 0.25), ("ask_rate", 0.7))
    spec = company.Spec(customers=customers, public_url=address, model=lively)
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


def _catch_up(clock: Clock, control: SandboxControl) -> None:
    """A sandbox that ran on for moments after kill -9 is ahead; what its people did then must not be refused."""
    outside = control.clock()
    if outside.mode == "scaled" and isinstance(clock, ScaledClock):
        clock.move_to(outside.now)


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
        if error.errno != errno.EADDRINUSE:
            raise OSError(f"{conf.host}:{conf.port} cannot be listened on ({error.strerror}); set SIYU_HOST") from error
        raise OSError(
            f"端口 {conf.port} 已被占用，请用 SIYU_PORT 换一个 / "
            f"port {conf.port} on {conf.host} is taken; set SIYU_PORT to another one"
        ) from error


TRY = (
    ("旅程 → 电子书波次：看人群沿流程移动", "Journeys: watch the wave move"),
    ("旅程 → 新客两周：谁在哪个阶段，每人按自己的天数", "Journeys: stages, each person's own days"),
    ("推送台：用 sales 登录，去群发助手确认今天的任务", "Push desk: as sales, confirm in the assistant"),
    ("渠道、欢迎语：谁扫码进来，听到什么，花了多少", "Channels: who came, what it cost"),
    ("客户 → 打开一个人：时间线、标签原因、为什么发或没发", "Customers: one person's story"),
    ("人群 → 新建：边改边估算", "Segments: build one with a live estimate"),
    ("导入 → examples/import/ 里的脏文件", "Import: a dirty file of examples/import/"),
)
"""First things to look at, each in 80 columns."""


def _welcome(console: Console, address: str, speed: float, demo: bool) -> None:
    console.rule("思域 Siyu")
    console.print(f"地址 / address   [bold]{address}[/bold]")
    if demo:
        console.print(
            f"登录 / sign in   [bold]{company.LOGIN}[/bold]  {company.PASSWORD}   (运营 operator; admin 为管理员)"
        )
        console.print(f"时间 / time      1 秒 = {speed:.0f} 秒模拟时间 / one second is {speed:.0f} simulated seconds")
        for number, (chinese, english) in enumerate(TRY, 1):
            console.print(f"{'试试 / try' if number == 1 else '':<{13 if number == 1 else 15}}  {number}. {chinese}")
            console.print(f"{'':<20}{english}")
    console.print("Ctrl-C 停止，数据保留 / stops; the data stays")
    console.rule()
