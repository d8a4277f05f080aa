"""Erasures are kept outside the database; a database restored from an older backup erases again at its start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from siyu.app.wiring import house_at
from siyu.customers import actions, jobs, ledger, queries
from siyu.customers.types import Identity, NewEvent, Record, Unfollow, oa_source
from siyu.kernel.ctx import Ctx
from siyu.kernel.probes import answer
from siyu.kernel.settings import Settings
from tests.customers.test_erasing import OPENID, PHONE, UNIONID, follower, holds
from tests.support.database import Server
from tests.support.installation import settled
from tests.support.world import World


@pytest.fixture
def conf(tmp_path: Path) -> Iterator[Settings]:
    with settled(tmp_path) as conf:
        yield conf


def _tick(world: World) -> None:
    with world.open() as ctx:
        at = answer(ctx, jobs.DUE)
        assert at is not None
        assert at <= ctx.now
        jobs.tick(ctx, 1000)


def _people(ctx: Ctx) -> tuple[int, int]:
    """Zhang, who is going to be erased, and Li, who has the same phone."""
    zhang = follower(ctx)
    actions.identify(ctx, [Record("form:1", "f1", (OPENID, PHONE), ctx.now, {"company": "好公司"})])
    [li] = actions.identify(ctx, [Record("crm", "2", (Identity("oa_openid", "o-li", "1"), PHONE), ctx.now)])
    actions.identify(ctx, [Record("hall", "w-17", (), ctx.now, {"name": "赵无号"})])
    return zhang, li


def test_a_restored_database_erases_again_whom_the_file_names(server: Server, conf: Settings, tmp_path: Path) -> None:
    """The template of the clones is the backup: people as they were before anybody was erased."""
    prefix = f"{server.prefix}replay"
    live, backup = f"{prefix}_live", f"{prefix}_backup"
    url = server.create(backup, server.template([]))
    try:
        with house_at(url, conf) as house, house.open() as ctx:
            zhang, li = _people(ctx)
        again = server.create(live, backup)
        with house_at(again, conf) as house:
            with house.open() as ctx:
                actions.erase(ctx, zhang)
                [nameless] = ctx.tx.execute(text("select customer_id from customer where name = '赵无号'")).scalars()
                actions.erase(ctx, nameless)
            with house.open() as ctx:
                jobs.tick(ctx, 1000)
            with house.open() as ctx:
                assert not ctx.tx.execute(text("select 1 from erasure where filed_at is null")).all()
        path = tmp_path / "erasures.log"
        assert path.stat().st_mode & 0o777 == 0o600
        written = path.read_text()
        assert not any(word in written for word in ("o-zhang", "u-zhang", "13812341234", "小张", "赵无号", "w-17"))

        with house_at(url, conf) as house, house.open() as ctx:  # the backup is started
            gone = ("o-zhang", "u-zhang", "小张", "好公司", "赵无号", "我的电话")
            assert holds(ctx, *gone) == []
            assert queries.active(ctx, [zhang, li, nameless]) == {li}
            assert queries.find(ctx, PHONE) == li
            told = "select count(*) from event where type = 'erased'"
            assert ctx.tx.execute(text(told)).scalar_one() == 2
            assert ctx.tx.execute(text("select count(*) from notice where kind = 'customer.erased'")).scalar_one()
            done = "select detail ->> 'erasures' from audit_log where action = 'customers.replay_erasures'"
            assert ctx.tx.execute(text(done)).scalars().all() == ["2"]
            [back] = actions.identify(ctx, [Record(oa_source(1), "s9", (OPENID,), ctx.now)])
        with house_at(url, conf) as house, house.open() as ctx:
            assert queries.active(ctx, [back]) == {back}, "who came back of their own accord stays"
    finally:
        server.drop(live)
        server.drop(backup)


def test_an_identity_that_stood_in_the_backup_in_plain_is_found_by_its_hash(world: World, conf: Settings) -> None:
    with world.open() as ctx:
        one = follower(ctx)
        actions.unfollow(ctx, [Unfollow(one, "oa", 1, ctx.now + timedelta(minutes=1))])
        actions.erase(ctx, one)
    _tick(world)
    with world.open() as ctx:
        ctx.tx.execute(text("delete from erasure"))
        [plain] = actions.identify(ctx, [Record("backup", "1", (OPENID,), ctx.now)])
        assert actions.replay_erasures(ctx) == 1
        assert queries.active(ctx, [plain]) == set()
        assert actions.replay_erasures(ctx) == 0, "once"


def test_of_a_customer_who_was_two_in_truth_only_the_erased_part_goes(world: World, conf: Settings) -> None:
    with world.open() as ctx:
        [one] = actions.identify(ctx, [Record("t", "1", (UNIONID,), ctx.now, {"name": "小张"})])
        actions.erase(ctx, one)
    _tick(world)
    with world.open() as ctx:
        ctx.tx.execute(text("delete from erasure"))
        both = Record("t", "2", (UNIONID, Identity("oa_openid", "o-qian", "1")), ctx.now, {"name": "小张"})
        other = Record("u", "3", (Identity("oa_openid", "o-qian", "1"),), ctx.now, {"company": "钱庄"})
        home, _ = actions.identify(ctx, [both, other])
        actions.record(ctx, [NewEvent("t", "k", "web_visited", ctx.now, home, props={"url": "x"})])
        assert actions.replay_erasures(ctx) == 1
        [left] = queries.active(ctx, [home, *ctx.tx.execute(text("select customer_id from customer")).scalars()])
        assert queries.find(ctx, UNIONID) is None
        assert queries.find(ctx, Identity("oa_openid", "o-qian", "1")) == left
        assert queries.profile(ctx, left).attributes == {"company": "钱庄"}


def test_the_file_outlives_a_cut_line_a_doubled_one_and_nonsense(world: World, conf: Settings) -> None:
    with world.open() as ctx:
        ids = actions.identify(ctx, [Record("t", f"{n}", (Identity("unionid", f"u{n}"),), ctx.now) for n in range(3)])
    path = conf.data_dir / "erasures.log"
    for number, one in enumerate(ids):
        with world.open() as ctx:
            actions.erase(replace(ctx, now=ctx.now + timedelta(seconds=number)), one)
        _tick(world)
        whole = path.read_bytes()
        if number == 0:
            path.write_bytes(whole + whole + b'{"key": "cut off')
        if number == 1:
            path.write_bytes(whole + b"\xff\xfe nonsense\n[1, 2]\n" + b"x" * 200_000 + b"\n")
    assert len(ledger.filed()) == 3


def test_a_person_of_thousands_of_identities_takes_several_lines(conf: Settings, world: World) -> None:
    one = ledger.Erasure(world.now, tuple(f"\x01{n:032x}" for n in range(1001)))
    ledger.file([one, one])
    assert ledger.filed() == {one.key: replace(one, hashes=tuple(sorted(one.hashes)))}
    assert max(map(len, (conf.data_dir / "erasures.log").read_bytes().splitlines())) < 64 * 1024


def test_a_folder_that_cannot_be_written_keeps_the_erasure_waiting(world: World, conf: Settings) -> None:
    path = conf.data_dir / "erasures.log"
    os.mkdir(path)
    with world.open() as ctx:
        [one] = actions.identify(ctx, [Record("t", "1", (UNIONID,), ctx.now)])
        actions.erase(ctx, one)
    _tick(world)
    assert world.value("select count(*) from erasure where filed_at is null") == 1
    path.rmdir()
    _tick(world)
    assert world.value("select count(*) from erasure where filed_at is null") == 0
    assert len(ledger.filed()) == 1
