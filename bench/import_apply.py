"""Importing a file: rows a second of the check and of the apply, for new people and for known ones.

``python -m bench.import_apply [ROWS]``. The baseline is a COPY of the same rows into a bare table on the same server:
it says how fast machine and disk are today. Processor time of Python and of the server is told beside the clock:
machines have neighbours.
"""

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from migrations.schema import upgrade
from siyu.app.lasting import lasting
from siyu.customers import actions as customers
from siyu.customers.importing import actions, jobs, store
from siyu.kernel.clock import SystemClock
from siyu.kernel.ctx import SYSTEM
from siyu.kernel.db import engine_for, transaction
from siyu.kernel.postgres import EmbeddedServer

TICKS = os.sysconf("SC_CLK_TCK")
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰"
CITIES, LEVELS = ("上海", "北京", "广州", "深圳", "杭州", "成都", "武汉"), ("金卡", "银卡", "普通")


def people(rows: int, salt: str) -> Iterable[tuple[str, ...]]:
    """Phone, name, three attributes and a tag; ``salt`` changes the attributes of everybody."""
    for n in range(rows):
        name = SURNAMES[n % 20] + GIVEN[n // 20 % 24] + GIVEN[n // 480 % 24]
        company = f"{CITIES[n % 7]}{GIVEN[n % 24]}{GIVEN[n // 24 % 24]}{salt}贸易有限公司"
        yield f"138{n:08d}", name, CITIES[n % 7], company, LEVELS[n % 3], f"批次/{n % 10}"


def write(path: Path, rows: int, salt: str) -> None:
    """The file as somebody exports it from another system."""
    lines = ["手机,姓名,城市,公司,会员等级,标签", *(",".join(row) for row in people(rows, salt))]
    path.write_text("\n".join(lines), encoding="utf-8")


def baseline(engine: Engine, rows: int) -> float:
    """Rows a second of a plain COPY."""
    columns = "phone text, name text, city text, company text, level text, tag text"
    with engine.begin() as connection:
        connection.execute(text(f"create table bare ({columns})"))
    data = list(people(rows, ""))
    started = time.perf_counter()
    with engine.begin() as connection:
        cursor: Any = connection.connection.cursor()
        with cursor, cursor.copy("copy bare from stdin") as copy:
            for row in data:
                copy.write_row(row)
    return rows / (time.perf_counter() - started)


def processor(postmaster: int) -> float:
    """Seconds of processor time that a server and its processes have taken (Linux)."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended; its parent counts it
            continue
        if int(told[1]) == postmaster:
            ticks += int(told[11]) + int(told[12])
        if int(path.parent.name) == postmaster:
            ticks += int(told[13]) + int(told[14])
    return ticks / TICKS


class Bench:
    """One installation and its clock."""

    def __init__(self, engine: Engine, postmaster: int) -> None:
        self.engine, self.postmaster = engine, postmaster

    def open(self) -> Any:
        """A transaction as a worker opens it."""
        return transaction(self.engine, SystemClock(), SYSTEM, ZoneInfo("Asia/Shanghai"))

    def drain(self, limit: int = 10_000) -> None:
        """Ticks as the driver gives them."""
        while True:
            with self.open() as ctx:
                if not jobs.tick(ctx, limit) or store.working(ctx) is None:
                    return

    def step(self, name: str, rows: int, bare: float) -> None:
        """Drain and tell."""
        clock, cpu, server = time.perf_counter(), time.process_time(), processor(self.postmaster)
        self.drain()
        clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
        server = processor(self.postmaster) - server
        speed = rows / clock
        print(
            f"{name:<22}{speed:>9,.0f} rows/s   1/{bare / speed:,.0f} of a COPY   processor time a row: "
            f"{1e6 * (cpu + server) / rows:>4.0f} us ({1e6 * cpu / rows:.0f} Python, {1e6 * server / rows:.0f} server)",
            flush=True,
        )

    def run(self, path: Path, name: str, rows: int, bare: float) -> None:
        """One import from upload to the end."""
        with self.open() as ctx:
            import_id = actions.start(ctx, path, path.name)
            row = store.one(ctx, import_id)
            actions.set_mapping(ctx, import_id, actions.mapping_of(row))
        with self.open() as ctx:
            actions.check(ctx, import_id)
        self.step(f"check, {name}", rows, bare)
        with self.open() as ctx:
            actions.apply(ctx, import_id)
        self.step(f"apply, {name}", rows, bare)
        with self.open() as ctx:
            row = store.one(ctx, import_id)
            assert row is not None
            assert (row.state, row.counts["customers"]) == ("complete", rows)


def main(rows: int) -> None:
    """Measure on a server of its own."""
    with lasting():  # as the application does for its imports
        pass
    with TemporaryDirectory(prefix="siyu-bench-") as folder:
        os.environ.setdefault("SIYU_DATA_DIR", folder)
        with EmbeddedServer(Path(folder) / "pg", "demo") as server:
            upgrade(server.url())
            engine = engine_for(server.url(), pool=2)
            try:
                bare = baseline(engine, rows)
                print(f"{'COPY, bare table':<22}{bare:>9,.0f} rows/s")
                bench = Bench(engine, int((server.data / "postmaster.pid").read_text().split()[0]))
                with bench.open() as ctx:
                    customers.define_attribute(ctx, "level", "会员等级", "enum", LEVELS)
                for name, salt in (("new people", ""), ("known, changed", "新"), ("known, the same", "新")):
                    path = Path(folder) / "people.csv"
                    write(path, rows, salt)
                    bench.run(path, name, rows, bare)
            finally:
                engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
