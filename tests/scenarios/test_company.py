"""The demo company beside the wave: every source in one customer, once however often the demo starts."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from siyu.app.demo import company, seeding
from siyu.app.demo.seeding import Demo
from siyu.app.demo.wave import START
from siyu.app.sandboxed import SandboxWorld
from siyu.kernel.settings import know
from siyu.runtime.driver import Driver
from tests.support.database import Server
from tests.support.installation import Installation, installation

pytestmark = pytest.mark.timeout(300)


def _furnished(at: Installation, demo: Demo, driver: Driver) -> None:
    """Furnish while time goes on, as in the running demo."""
    work = threading.Thread(target=seeding.furnish, args=[demo], daemon=True)
    work.start()
    while work.is_alive():
        driver.run(at.clock.now() + timedelta(minutes=5))
        work.join(0.2)
    driver.run(at.clock.now() + timedelta(minutes=5))  # what was asked for last, the import among it, is done then


def test_a_customer_shows_every_source_and_a_second_start_changes_nothing(server: Server, tmp_path: Path) -> None:
    with installation(server, tmp_path, START) as at:
        know(public_url=at.public_url)
        at.control.move_to(at.clock.now())
        spec = company.Spec(customers=60, public_url=at.public_url, grain_s=1_800)
        company.build(at.house, at.control, spec)
        driver = Driver(at.house, at.clock, SandboxWorld(at.control), timedelta(minutes=30))
        demo = Demo(at.house, at.control, spec, threading.Event())
        _furnished(at, demo, driver)

        def counted(sql: str) -> int:
            with at.house.open() as ctx:
                return int(ctx.tx.execute(text(sql)).scalar_one())

        whole = (
            "select count(distinct o.customer_id) from origin o"
            " join identity i on i.origin_id = o.origin_id and i.kind = 'oa_openid'"
            " join follow f on f.customer_id = o.customer_id and f.kind = 'wecom'"
            " join customer_order b on b.customer_id = o.customer_id"
        )
        everything = (
            whole,
            "select count(*) from customer_order",
            "select count(*) from identity where kind = 'crm_id' and scope = 'crm'",
            "select count(*) from review_case where state = 'open'",
            "select sum(cardinality(tags)) from customer_tags",
            "select count(*) from segment",
            "select count(*) from customer where status = 'active'",
            "select count(*) from import where state = 'complete'",
        )
        before = [counted(sql) for sql in everything]
        assert min(before) > 0, before
        who = "select count(distinct actor) from tag_change where actor like 'staff:%'"
        assert counted(who) == 3, "two salespeople and the operator"
        _furnished(at, demo, driver)
        assert [counted(sql) for sql in everything] == before
