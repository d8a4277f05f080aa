"""Acquisition links: made by the app that owns them, used by people as long as adds are left."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Sandbox, Site

BASE = "/wecom/cgi-bin/externalcontact"
REACH = {"user_list": ["lisi"], "department_list": []}


def ask(box: Sandbox, path: str, **body: object) -> Any:
    """A call below customer_acquisition/."""
    return box.post(f"{BASE}/customer_acquisition/{path}", body, access_token=box.wecom_token())


def heard(site: Site) -> list[str]:
    """What the app heard of: change types, in order."""
    return [c["ChangeType"] for c in site.callbacks("ww1")]


def test_links_are_made_read_changed_and_refused(box: Sandbox) -> None:
    made = ask(box, "create_link", link_name="官网", range=REACH)["link"]
    assert made["url"].startswith(box.url)
    link = made["link_id"]
    assert ask(box, "update_link", link_id=link, skip_verify=False)["errcode"] == 0
    got = ask(box, "get", link_id=link)
    assert (got["link"]["link_name"], got["link"]["skip_verify"], got["range"]) == ("官网", False, REACH)
    second = ask(box, "create_link", link_name="二", range={"department_list": [2]})["link"]["link_id"]
    one = ask(box, "list_link", limit=1)
    two = ask(box, "list_link", limit=1, cursor=one["next_cursor"])
    assert {*one["link_id_list"], *two["link_id_list"]} == {link, second}
    for body, code in (
        ({"link_name": ""}, 40058), ({"link_name": "长" * 31}, 40035), ({"range": {}}, 40058),
        ({"range": {"user_list": ["nobody"]}}, 40003), ({"range": {"department_list": [9]}}, 60003),
        ({"priority_option": {"priority_type": 2}}, 40035), ({"skip_verify": "yes"}, 40035),
    ):  # fmt: skip
        assert ask(box, "create_link", **{"link_name": "x", "range": REACH, **body})["errcode"] == code, body
    other = {"agentid": 1000009, "secret": "second"}
    box.control("accounts", wecom=[{"corpid": "ww1", "apps": [other]}])
    foreign = box.post(f"{BASE}/customer_acquisition/get", {"link_id": link}, access_token=box.wecom_token("second"))
    assert foreign["errcode"] == 40035
    assert ask(box, "delete_link", link_id=link)["errcode"] == 0
    assert ask(box, "get", link_id=link)["errcode"] == 40035
    assert box.client.get(made["url"]).status_code == 404


def test_people_come_by_a_link_and_their_first_words_are_told(box: Sandbox, site: Site) -> None:
    box.control("people", count=4, seed=7)
    made = ask(box, "create_link", link_name="官网", range=REACH)["link"]
    box.act(1, "open_url", url=f"{made['url']}?customer_channel=seo", account="ww1")
    assert heard(site) == ["open_profile", "add_external_contact"]
    added = site.callbacks("ww1")[-1]
    assert (added["State"], bool(added["WelcomeCode"])) == ("seo", True)
    for number in range(5):
        box.act(1, "chat", corpid="ww1", userid="lisi", text=f"第 {number} 句")
    assert heard(site)[2:] == ["customer_start_chat", "message_from_customer", "message_from_customer"]
    key = site.callbacks("ww1")[-1]["ChatKey"]
    info = ask(box, "get_chat_info", chat_key=key)
    assert (info["userid"], info["chat_info"]) == (
        "lisi",
        {"recv_msg_cnt": 5, "link_id": made["link_id"], "state": "seo"},
    )
    ask(box, "update_link", link_id=made["link_id"], skip_verify=False)
    box.act(2, "use_link", link_id=made["link_id"])
    assert heard(site)[5:] == ["open_profile", "friend_request"]
    box.move("2026-03-02T10:15:00+08:00")
    assert heard(site)[7:] == ["add_external_contact"]
    found = ask(box, "customer", link_id=made["link_id"])["customer_list"]
    assert sorted((c["userid"], c["chat_status"], c["state"]) for c in found) == [("lisi", 0, ""), ("lisi", 1, "seo")]
    span = {"link_id": made["link_id"], "start_time": 1772409600, "end_time": 1772496000}
    counted = ask(box, "statistic", **span)
    assert (counted["click_link_customer_cnt"], counted["new_customer_cnt"]) == (2, 2)
    assert ask(box, "statistic", **span | {"start_time": 1700000000})["errcode"] == 40035
    box.move("2026-03-02T11:00:00+08:00")
    assert ask(box, "get_chat_info", chat_key=key)["errcode"] == 41201


def test_adds_are_used_up(box: Sandbox, site: Site) -> None:
    box.control("people", count=3, seed=7)
    box.control("accounts", wecom=[{"corpid": "ww1", "acquisition_balance": 20}])
    link = ask(box, "create_link", link_name="官网", range=REACH)["link"]["link_id"]
    box.act(1, "use_link", link_id=link)
    assert heard(site) == ["open_profile", "balance_low", "add_external_contact"]
    box.control("accounts", wecom=[{"corpid": "ww1", "acquisition_balance": 2}])
    box.act(2, "use_link", link_id=link)
    assert heard(site)[3:] == ["open_profile", "balance_exhausted", "add_external_contact"]
    box.act(3, "use_link", link_id=link)
    assert heard(site)[6:] == ["open_profile"]
    assert box.get("/_sandbox/acted", act="link_refused")["persons"] == [3]
    left = box.get(f"{BASE}/customer_acquisition_quota", access_token=box.wecom_token())
    assert (left["total"], left["balance"]) == (2, 0)
