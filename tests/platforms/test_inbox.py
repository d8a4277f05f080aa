"""The raw inbox: once, in one statement, without loss when handling fails."""

from __future__ import annotations

from datetime import timedelta

import pytest

from siyu.kernel.probes import answer
from siyu.platforms import actions, jobs, queries
from siyu.platforms.types import AccountTaken, BadAccount, InboxRow
from tests.support.statements import Statements
from tests.support.world import START, World


def rows(account_id: int, count: int, lane: int = 0, prefix: str = "k") -> list[InboxRow]:
    body = {"FromUserName": "o1", "Content": "你好👋"}
    return [InboxRow(account_id, f"{prefix}{n}", lane, "message", body, START) for n in range(count)]


@pytest.fixture
def account_id(world: World) -> int:
    with world.open() as ctx:
        return actions.save_account(ctx, kind="oa", key="wxinbox", name="号", secret="s", token="t")


def test_repeats_are_dropped_in_one_statement(world: World, account_id: int, statements: Statements) -> None:
    with world.open() as ctx:
        statements.reset()
        assert actions.receive(ctx, rows(account_id, 300) + rows(account_id, 2, lane=1, prefix="slow")) == 302
        assert statements.count == 3  # the insert and a bell for each lane
        assert actions.receive(ctx, rows(account_id, 301)) == 1
    with world.open() as ctx:
        assert queries.inbox_pending(ctx) == 303
        taken = actions.take_inbox(ctx, 0, 1000)
        assert [message.inbox_id for message in taken] == sorted(message.inbox_id for message in taken)
        assert len(taken) == 301
        assert taken[0].body == {"FromUserName": "o1", "Content": "你好👋"}
        assert taken[0].account_kind == "oa"
    with world.open() as ctx:
        assert queries.inbox_pending(ctx) == 2
        assert actions.receive(ctx, rows(account_id, 5)) == 0
    assert world.value("select count(*) from platform_inbox where state = 1 and body <> '{}'") == 0


def test_two_workers_never_take_the_same(world: World, account_id: int) -> None:
    with world.open() as ctx:
        actions.receive(ctx, rows(account_id, 10))
    with world.open() as one, world.open() as two:
        first, second = actions.take_inbox(one, 0, 6), actions.take_inbox(two, 0, 6)
        assert len(first) == 6
        assert len(second) == 4
        assert not {m.inbox_id for m in first} & {m.inbox_id for m in second}


def test_lost_transaction_leaves_the_messages(world: World, account_id: int) -> None:
    with world.open() as ctx:
        actions.receive(ctx, rows(account_id, 3))
    with pytest.raises(RuntimeError, match="worker died"), world.open() as ctx:
        assert len(actions.take_inbox(ctx, 0, 10)) == 3
        raise RuntimeError("worker died")
    with world.open() as ctx:
        assert len(actions.take_inbox(ctx, 0, 10)) == 3


def test_failed_message_is_parked_then_retried_then_given_up(world: World, account_id: int) -> None:
    with world.open() as ctx:
        actions.receive(ctx, rows(account_id, 1))
        actions.fail_inbox(ctx, [(actions.take_inbox(ctx, 0, 10)[0], "KeyError: 'x'")])
    with world.open() as ctx:
        (parked,) = queries.parked(ctx).items
        assert (parked.attempts, parked.error, parked.gave_up) == (1, "KeyError: 'x'", False)
        assert actions.take_inbox(ctx, 0, 10) == []
        assert actions.retry_inbox(ctx, parked.inbox_id) == 1
        (again,) = actions.take_inbox(ctx, 0, 10)
        assert again.body["Content"] == "你好👋"
    taken = [again]
    for attempt in range(1, 7):  # the retry counts anew
        with world.open() as ctx:
            actions.fail_inbox(ctx, [(again, "still")])
        assert world.value("select attempts from platform_inbox") == attempt
        with world.engine.begin() as tx:
            tx.exec_driver_sql("update platform_inbox set retry_machine = 0 where state = 2")
        with world.open() as ctx:
            taken = actions.take_inbox(ctx, 0, 10)
            again = taken[0] if taken else again
    with world.open() as ctx:
        assert taken == []
        assert queries.inbox_state(ctx) == {"pending": 0, "parked": 0, "gave_up": 1}
        assert queries.parked(ctx).items[0].gave_up
        actions.drop_inbox(ctx, again.inbox_id)
        assert queries.inbox_state(ctx) == {"pending": 0, "parked": 0, "gave_up": 0}


def test_erasure_and_purge(world: World, account_id: int) -> None:
    with world.open() as ctx:
        actions.receive(ctx, rows(account_id, 2))
        assert actions.forget(ctx, ["nobody"]) == 0
        assert actions.forget(ctx, ["o1"]) == 2
        actions.receive(ctx, rows(account_id, 2))
        actions.take_inbox(ctx, 0, 10)
        assert actions.purge(ctx, 10) == 0
    with world.open() as ctx:
        due = answer(ctx, jobs.DUE)
    assert due == START.replace(hour=0) + timedelta(days=8)
    world.clock.move_to(due - timedelta(seconds=1))
    with world.open() as ctx:
        assert actions.purge(ctx, 10) == 0
    world.wait(seconds=1)
    with world.open() as ctx:
        assert actions.purge(ctx, 1) == 1
        assert jobs.tick(ctx, 10) == 1
        assert answer(ctx, jobs.DUE) is None


def test_account_secrets_are_sealed_and_kept(world: World, account_id: int) -> None:
    stored = world.rows("select secret, token from platform_account")[0]
    assert "s" not in (stored.secret, stored.token)
    with world.open() as ctx:
        assert actions.save_account(ctx, kind="oa", key="wxinbox", name="新名", config={"mode": "safe"}) == account_id
        account = queries.account(ctx, account_id)
    assert (account.name, account.sealed.secret, account.config["mode"]) == ("新名", stored.secret, "safe")
    assert account.config["base_url"] == "https://api.weixin.qq.com"
    assert stored.secret not in repr(account)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "oa", "key": "wx 1"}, "key"),
        ({"kind": "oa", "key": "wx1", "config": {"mode": "open"}}, "config.mode"),
        ({"kind": "oa", "key": "wx1", "config": {"colour": "red"}}, "config.colour"),
        ({"kind": "oa", "key": "wx1", "config": {"base_url": "ftp://x"}}, "config.base_url"),
        ({"kind": "oa", "key": "wx1", "aes_key": "short"}, "aes_key"),
        ({"kind": "oa", "key": "wx1", "token": "a b"}, "token"),
        ({"kind": "wecom", "key": "ww1"}, "key"),
    ],
)
def test_bad_accounts_change_nothing(world: World, given: dict[str, object], field: str) -> None:
    with pytest.raises(BadAccount) as caught, world.open() as ctx:
        actions.save_account(ctx, name="n", **given)  # type: ignore[arg-type]  # bad on purpose
    assert caught.value.field == field
    assert world.value("select count(*) from platform_account") == 0
    assert AccountTaken.code == "account_taken"
