"""The calling client against the real sandbox over HTTP: tokens, limits, lost answers; the table against its routes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox import routes
from siyu.kernel.db import TransactionOpen
from siyu.platforms import actions, queries
from siyu.platforms.client import UnknownEndpoint
from siyu.platforms.official_account import oauth
from siyu.platforms.official_account.endpoints import ENDPOINTS as OA
from siyu.platforms.senders import open_senders
from siyu.platforms.types import Call, CodeRefused, send_all
from siyu.platforms.webhook.client import house_secret, sign
from siyu.platforms.wecom.endpoints import ENDPOINTS as WECOM
from tests.platforms.sandboxed import AGENTID, APPID, CORPID, Platforms, platforms
from tests.support.world import START, World


@pytest.fixture
def both(world: World, tmp_path: Path) -> Iterator[Platforms]:
    with platforms(world, tmp_path) as found:
        found.sandbox.add_people(
            key="p", seed=1, count=12, follow=[{"account": APPID, "at": "2026-02-01T09:00:00+08:00", "count": 12}]
        )
        yield found


def calls_of(both: Platforms, path: str) -> list[tuple[int, int]]:
    counts: dict[str, Any] = both.sandbox.counts()
    return [(row["errcode"], row["calls"]) for row in counts["api"] if row["path"].endswith(path)]


def total(both: Platforms, path: str) -> int:
    return sum(calls for _, calls in calls_of(both, path))


@pytest.mark.parametrize(("platform", "table"), [("oa", OA), ("wecom", WECOM)])
def test_every_endpoint_that_we_call_exists(platform: Any, table: dict[str, Any]) -> None:
    assert {(one.method, one.path) for one in table.values()} <= set(routes.listing(platform))


def test_many_threads_and_processes_fetch_one_token(both: Platforms) -> None:
    with open_senders(both.world.open) as other, ThreadPoolExecutor(16) as pool:
        senders = [both.senders, other] * 8
        outcomes = list(pool.map(lambda one: one["official_account"].send(Call(both.oa, "user_get", {})), senders))
    assert all(outcome.ok for outcome in outcomes), outcomes
    assert outcomes[0].data["total"] == 12
    assert total(both, "/stable_token") == 1
    assert both.world.value("select value from platform_token") != ""
    assert send_all(both.senders["wecom"], [Call(both.wecom, "follow_users", {})] * 8)[7].data["follow_user"]
    assert total(both, "/gettoken") == 1


@pytest.mark.parametrize("what", ["revoked", "expired"])
def test_a_refused_token_is_replaced_once(both: Platforms, what: str) -> None:
    oa, wecom = both.senders["official_account"], both.senders["wecom"]
    assert oa.send(Call(both.oa, "user_get", {})).ok
    assert wecom.send(Call(both.wecom, "follow_users", {})).ok
    if what == "revoked":
        both.sandbox.set_faults(revoke_tokens=True)
    else:
        both.sandbox.move_to(both.world.wait(hours=3))
    outcomes = send_all(oa, [Call(both.oa, "user_get", {})] * 12)
    assert all(outcome.ok for outcome in outcomes), outcomes
    assert wecom.send(Call(both.wecom, "follow_users", {})).ok
    assert total(both, "/stable_token") == 2
    assert total(both, "/gettoken") == 2


def test_early_refresh_leaves_no_failed_call(both: Platforms) -> None:
    """A process that starts after the token's end sees by the row that it must fetch, without being refused first."""
    assert both.senders["official_account"].send(Call(both.oa, "user_get", {})).ok
    both.sandbox.move_to(both.world.wait(minutes=119))
    with open_senders(both.world.open) as later:
        assert later["official_account"].send(Call(both.oa, "user_get", {})).ok
    assert calls_of(both, "/user/get") == [(0, 2)]


def test_wrong_secret_is_asked_once_and_heals_when_changed(both: Platforms) -> None:
    with both.world.open() as ctx:
        actions.save_account(
            ctx, kind="oa", key="wxother", name="x", config={"base_url": both.sandbox.oa_url}, secret="wrong"
        )
        account_id = actions.save_account(
            ctx, kind="oa", key="wxother", name="x", config={"base_url": both.sandbox.oa_url}, secret="wrong2"
        )
    sender = both.senders["official_account"]
    for _ in range(3):
        outcome = sender.send(Call(account_id, "user_get", {}))
        assert (outcome.ok, outcome.uncertain) == (False, False)
    assert total(both, "/stable_token") == 1
    assert sender.send(Call(9_999, "user_get", {})).code == -103


def test_a_corrected_secret_is_not_refused_for_the_old_one(both: Platforms) -> None:
    sender = both.senders["official_account"]
    config = {"base_url": both.sandbox.oa_url, "gh_id": "gh_test", "mode": "safe"}
    with both.world.open() as ctx:
        actions.save_account(ctx, kind="oa", key=APPID, name="号", config=config, secret="old")
    assert sender.send(Call(both.oa, "user_get", {})).code == 40125
    with both.world.open() as ctx:
        actions.save_account(ctx, kind="oa", key=APPID, name="号", config=config, secret="oa-secret")
    assert sender.send(Call(both.oa, "user_get", {})).ok


def test_a_clock_that_was_set_back_leaves_no_token_out_of_reach(both: Platforms) -> None:
    sender = both.senders["official_account"]
    with both.world.engine.begin() as tx:
        tx.exec_driver_sql(
            "insert into platform_token select account_id, 'access', '', 0, created_at, 'dead', m, m, 40125, 'old'"
            " from platform_account, (select extract(epoch from clock_timestamp())::float8 + 28800 as m) as ahead"
        )
    assert sender.send(Call(both.oa, "user_get", {})).ok


def test_calls_inside_a_transaction_and_of_unknown_endpoints_are_refused(both: Platforms) -> None:
    sender = both.senders["official_account"]
    with both.world.open(), pytest.raises(TransactionOpen):
        sender.send(Call(both.oa, "user_get", {}))
    with pytest.raises(UnknownEndpoint):
        sender.send(Call(both.oa, "message_read", {}))
    with pytest.raises(ValueError, match="2 to 10000"):
        sender.send(Call(both.oa, "mass_send", {"touser": ["o1"]}))


def mass(both: Platforms, key: str) -> Call:
    openids = both.senders["official_account"].send(Call(both.oa, "user_get", {})).data["data"]
    assert isinstance(openids, dict)
    body = {"touser": openids["openid"], "msgtype": "text", "text": {"content": "新书"}}
    return Call(both.oa, "mass_send", body, key)


def test_lost_answer_of_a_keyed_call_is_repeated_and_done_once(both: Platforms) -> None:
    call = mass(both, "wave:1")
    both.sandbox.set_faults(drop_answers=1.0)
    first = both.senders["official_account"].send(call)
    both.sandbox.set_faults(drop_answers=0.0)
    again = both.senders["official_account"].send(call)
    assert (first.ok, again.ok) == (True, True), (first, again)
    assert first.data["msg_id"] == again.data["msg_id"]
    assert calls_of(both, "/mass/send") == [(0, 1), (45065, 2)]
    both.wait(minutes=5)
    counts = both.sandbox.counts()
    assert counts["duplicate_count"] == 0
    assert [row["persons"] for row in counts["received"]] == [12]


def test_lost_answer_of_an_unkeyed_call_is_not_repeated(both: Platforms) -> None:
    person = both.sandbox.people(account=APPID, limit=1)["people"][0]
    both.sandbox.act(person["person"], "text", account=APPID, text="在吗")
    sender = both.senders["official_account"]
    body = {"touser": person["openid"], "msgtype": "text", "text": {"content": "在的"}}
    assert sender.send(Call(both.oa, "user_get", {})).ok
    both.sandbox.set_faults(drop_answers=1.0)
    lost = sender.send(Call(both.oa, "custom_send", body))
    assert (lost.ok, lost.uncertain, lost.retryable) == (False, True, False)
    both.sandbox.set_faults(drop_answers=0.0)
    assert both.sandbox.received(route="oa_custom")["messages"] == 1


def test_busy_platform_is_asked_again(both: Platforms) -> None:
    both.sandbox.set_faults(busy=0.4, seed=3)
    outcomes = [both.senders["wecom"].send(Call(both.wecom, "follow_users", {})) for _ in range(10)]
    refused = [outcome for outcome in outcomes if not outcome.ok]
    assert all(outcome.retryable and not outcome.uncertain for outcome in refused)
    assert len(refused) < 5
    assert any(code == -1 for code, _ in calls_of(both, "/get_follow_user_list"))


def test_daily_quota_blocks_until_midnight_in_shanghai_for_every_process(both: Platforms) -> None:
    both.sandbox.set_accounts(official_accounts=[{"appid": APPID, "quota_scale": 0.01}])  # user/get: 5 a day
    sender = both.senders["official_account"]
    outcomes = [sender.send(Call(both.oa, "user_get", {})) for _ in range(6)]
    assert [outcome.ok for outcome in outcomes] == [True] * 5 + [False]
    midnight = START.replace(hour=16)
    assert (outcomes[5].code, outcomes[5].retryable, outcomes[5].retry_at) == (45009, True, midnight)
    asked = total(both, "/user/get")
    with open_senders(both.world.open) as other:
        again = other["official_account"].send(Call(both.oa, "user_get", {}))
        assert (again.code, again.retry_at) == (45009, midnight)
        assert total(both, "/user/get") == asked
        assert other["official_account"].send(Call(both.oa, "template_list", {})).ok
        both.sandbox.move_to(both.world.wait(hours=16))
        assert other["official_account"].send(Call(both.oa, "user_get", {})).ok


def test_oauth_code_serves_once(both: Platforms) -> None:
    person = both.sandbox.people(account=APPID, limit=1)["people"][0]
    with both.world.open() as ctx:
        account = queries.account(ctx, both.oa)
    url = oauth.authorize_url(account, "http://127.0.0.1:1/back", "s1")
    assert url.endswith("#wechat_redirect")
    answer = both.sandbox.http.get(url.partition("#")[0], headers={"X-Sandbox-Person": str(person["person"])})
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    visitor = oauth.exchange(both.senders["official_account"], both.oa, code)
    assert (visitor.openid, visitor.snapshot) == (person["openid"], False)
    with pytest.raises(CodeRefused):
        oauth.exchange(both.senders["official_account"], both.oa, code)


def test_the_platforms_accept_our_callback_address(both: Platforms) -> None:
    assert both.sandbox.verify(APPID)["ok"]
    assert both.sandbox.verify(CORPID, AGENTID)["ok"]


def test_webhook_is_signed_and_its_refusals_are_told_apart(world: World) -> None:
    seen: list[tuple[dict[str, str], bytes]] = []
    answers = [200, 503, 404]

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(answers[len(seen) - 1])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    body = {"url": f"http://127.0.0.1:{server.server_address[1]}/hook", "payload": {"客户": 1}}
    try:
        with open_senders(world.open) as senders:
            outcomes = [senders["webhook"].send(Call(0, "post", body, "j1:1")) for _ in answers]
            nowhere = senders["webhook"].send(Call(0, "post", {"url": "file:///etc/passwd", "payload": {}}, "k"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [(one.ok, one.retryable) for one in outcomes] == [(True, False), (False, True), (False, False)]
    assert not nowhere.ok
    headers, content = seen[0]
    assert content.decode() == '{"客户":1}'
    assert headers["idempotency-key"] == "j1:1"
    assert headers["x-siyu-signature"] == sign(house_secret(), headers["x-siyu-timestamp"], content)
