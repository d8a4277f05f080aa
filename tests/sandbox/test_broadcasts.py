"""Broadcasts: members confirm, quotas count, customers react, and the assistant page, seen over HTTP only."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.broadcasts import quota
from tests.sandbox.conftest import Sandbox, Site, wait_for

OUT = "/wecom/cgi-bin/externalcontact"
NEW = {"content": "新课上线"}


def ask(box: Sandbox, path: str, **body: object) -> Any:
    """A call below externalcontact/."""
    return box.post(f"{OUT}/{path}", body, access_token=box.wecom_token())


def dispatched(box: Sandbox, path: str, **body: object) -> Any:
    """A reading of a broadcast, once it is dispatched."""
    answers: list[Any] = []

    def read() -> bool:
        answers.append(ask(box, path, **body))
        return int(answers[-1]["errcode"]) != 41063

    wait_for(read)
    return answers[-1]


def town(box: Sandbox, manner: str = "hand", each: int = 10, **model: float) -> dict[str, list[str]]:
    """`each` customers of both members, who confirm in this manner; the external_userids by member."""
    quiet = {"chat_rate": 0.0, "click_rate": 0.0, "leave_rate": 0.0, "annoyed_leave_rate": 0.0, **model}
    staff = [{"userid": userid, "confirm": manner} for userid in ("lisi", "wangwu")]
    box.control("accounts", wecom=[{"corpid": "ww1", "members": staff}])
    since = {"corpid": "ww1", "at": "2026-01-05T09:00:00+08:00"}
    box.control("people", count=each, seed=7, model=quiet, contacts=[{**since, "userids": ["lisi"]}])
    box.control("people", count=each, contacts=[{**since, "userids": ["wangwu"]}])
    token = box.wecom_token()
    lists = {u: box.get(f"{OUT}/list", access_token=token, userid=u)["external_userid"] for u in ("lisi", "wangwu")}
    return {userid: sorted(found) for userid, found in lists.items()}


def fates(box: Sandbox, msgid: str, userid: str) -> list[int]:
    """What became of a member's recipients, in the order of their ids."""
    found = dispatched(box, "get_groupmsg_send_result", msgid=msgid, userid=userid)["send_list"]
    return [one["status"] for one in found]


def confirm(box: Sandbox, userid: str, **more: object) -> Any:
    """A member confirms by hand."""
    return box.control(f"members/{userid}/act", corpid="ww1", act="confirm", **more)


def test_nothing_goes_out_before_its_member_confirms(box: Sandbox, site: Site) -> None:
    mine = town(box, click_rate=1.0, chat_rate=1.0)
    site.page("/l/course", "<body data-page=course>")
    link = {"msgtype": "link", "link": {"title": "课程表", "url": f"{site.url}/l/course"}}
    everybody = [*mine["lisi"], *mine["wangwu"]]
    made = ask(
        box, "add_msg_template", external_userid=[*everybody, everybody[0], "wmstranger"], text=NEW, attachments=[link]
    )
    assert made["fail_list"] == ["wmstranger"]
    tasks = dispatched(box, "get_groupmsg_task", msgid=made["msgid"])["task_list"]
    assert tasks == [{"userid": "lisi", "status": 0}, {"userid": "wangwu", "status": 0}]
    box.move("2026-03-02T12:00:00+08:00")
    assert box.get("/_sandbox/received", route="wecom_group_send")["count"] == 0
    box.act(mine["lisi"][0], "delete_member", corpid="ww1", userid="lisi")
    confirm(box, "lisi", msgid=made["msgid"])
    assert confirm(box, "lisi", msgid=made["msgid"])["error"] == "unknown"
    one = dispatched(box, "get_groupmsg_send_result", msgid=made["msgid"], userid="lisi", limit=4)
    two = ask(box, "get_groupmsg_send_result", msgid=made["msgid"], userid="lisi", cursor=one["next_cursor"])
    listed = one["send_list"] + two["send_list"]
    assert [one["external_userid"] for one in listed] == mine["lisi"]
    assert [one["status"] for one in listed] == [2] + [1] * 9
    assert {one.get("send_time") for one in listed[1:]} == {1772424000}
    assert fates(box, made["msgid"], "wangwu") == [0] * 10
    got = box.get("/_sandbox/received", route="wecom_group_send", match="课程表")
    assert got["uids"] == mine["lisi"][1:]
    assert got["messages"] == 9
    box.move("2026-03-03T12:00:00+08:00")
    assert box.get("/_sandbox/acted", act="open", match="course")["uids"] == mine["lisi"][1:]
    assert box.get("/_sandbox/acted", act="chat")["uids"] == mine["lisi"][1:]
    (truth,) = box.get("/_sandbox/broadcasts", corpid="ww1")["broadcasts"]
    assert truth["tasks"] == [
        {"userid": "lisi", "sent_at": "2026-03-02T04:00:00.000Z", "unsent": 0, "sent": 9, "gone": 1, "over": 0},
        {"userid": "wangwu", "sent_at": None, "unsent": 10, "sent": 0, "gone": 0, "over": 0},
    ]


def test_a_fresh_broadcast_is_still_being_dispatched(box: Sandbox) -> None:
    town(box, each=1)

    def asked_at_once() -> bool:  # on a busy machine the first question may come too late
        made = ask(box, "add_msg_template", sender="lisi", text=NEW)["msgid"]
        return int(ask(box, "get_groupmsg_task", msgid=made)["errcode"]) == 41063

    wait_for(asked_at_once)
    # A world that is moved on has dispatched it, however little machine time that took.
    box.move("2026-03-02T11:00:00+08:00")
    made = ask(box, "add_msg_template", sender="lisi", text=NEW)["msgid"]
    box.move("2026-03-02T11:10:00+08:00")
    assert int(ask(box, "get_groupmsg_task", msgid=made)["errcode"]) == 0


def test_a_customer_goes_to_who_spoke_last_and_a_sender_serves_only_their_own(box: Sandbox) -> None:
    mine = town(box)
    shared = mine["lisi"][0]
    box.act(shared, "add_member", corpid="ww1", userid="wangwu")
    made = ask(box, "add_msg_template", external_userid=[shared], text=NEW)["msgid"]
    assert [t["userid"] for t in dispatched(box, "get_groupmsg_task", msgid=made)["task_list"]] == ["wangwu"]
    box.move("2026-03-02T10:01:00+08:00")
    box.act(shared, "chat", corpid="ww1", userid="lisi", text="在吗")
    made = ask(box, "add_msg_template", external_userid=[shared], text=NEW)["msgid"]
    assert [t["userid"] for t in dispatched(box, "get_groupmsg_task", msgid=made)["task_list"]] == ["lisi"]
    made = ask(box, "add_msg_template", sender="wangwu", external_userid=mine["lisi"], text=NEW)
    assert made["fail_list"] == mine["lisi"][1:]
    made = ask(box, "add_msg_template", sender="wangwu", text=NEW)
    assert len(fates(box, made["msgid"], "wangwu")) == 11


@pytest.mark.parametrize(
    ("policy", "again", "fresh"),
    [("daily", "2026-03-02T23:00:00+08:00", "2026-03-03T10:00:00+08:00"),
     ("weekly7", "2026-03-08T23:00:00+08:00", "2026-03-09T10:00:00+08:00"),
     ("monthly4", "2026-03-31T23:00:00+08:00", "2026-04-01T10:00:00+08:00")],
)  # fmt: skip
def test_quotas_count_what_was_received_in_the_running_period(
    box: Sandbox, policy: str, again: str, fresh: str
) -> None:
    mine = town(box, each=2)
    box.control("accounts", wecom=[{"corpid": "ww1", "broadcast_quota": policy}])
    uid, most = mine["lisi"][0], {"daily": 1, "weekly7": 7, "monthly4": 4}[policy]
    for number in range(most):
        made = ask(box, "add_msg_template", external_userid=[uid], text={"content": f"第 {number} 条"})["msgid"]
        confirm(box, "lisi")
        assert fates(box, made, "lisi") == [1]
    box.move(again)
    assert ask(box, "add_msg_template", external_userid=[uid], text=NEW)["errcode"] == 41048
    made = ask(box, "add_msg_template", sender="lisi", text=NEW)["msgid"]
    confirm(box, "lisi")
    assert fates(box, made, "lisi") == [3, 1]
    box.move(fresh)
    made = ask(box, "add_msg_template", external_userid=[uid], text=NEW)["msgid"]
    confirm(box, "lisi")
    assert fates(box, made, "lisi") == [1]


def test_members_confirm_at_once_late_partly_or_never_and_reminders_move_some(box: Sandbox) -> None:
    town(box, manner="partly")
    box.control("accounts", wecom=[{"corpid": "ww1", "members": [{"userid": "wangwu", "confirm": "late"}]}])
    both = ask(box, "add_msg_template", sender="lisi", text=NEW)["msgid"]
    late = ask(box, "add_msg_template", sender="wangwu", text=NEW)["msgid"]
    box.move("2026-03-02T10:05:00+08:00")
    assert fates(box, late, "wangwu") == [0] * 10
    box.move("2026-03-04T10:00:00+08:00")
    assert sorted(fates(box, both, "lisi")) == [0] * 4 + [1] * 6
    assert fates(box, late, "wangwu") == [1] * 10
    box.control("accounts", wecom=[{"corpid": "ww1", "members": [{"userid": "lisi", "confirm": None}]}])
    box.control("staff", model={"at_once_rate": 0.0, "late_rate": 0.0, "partly_rate": 0.0, "remind_rate": 1.0})
    never = ask(box, "add_msg_template", sender="lisi", text={"content": "提醒才发"})["msgid"]
    box.move("2026-03-05T10:00:00+08:00")
    assert fates(box, never, "lisi") == [0] * 10
    assert ask(box, "remind_groupmsg_send", msgid=never)["errcode"] == 0
    box.move("2026-03-05T13:00:00+08:00")
    assert fates(box, never, "lisi") == [1] * 10
    assert [ask(box, "remind_groupmsg_send", msgid=never)["errcode"] for _ in range(3)] == [0, 0, 41094]
    box.move("2026-03-06T10:00:01+08:00")
    assert ask(box, "remind_groupmsg_send", msgid=never)["errcode"] == 0
    assert box.control("staff", model={"late_rate": 2})["error"] == "bad_input"


def test_a_cancelled_broadcast_is_never_sent(box: Sandbox) -> None:
    town(box, manner="at_once")
    made = ask(box, "add_msg_template", sender="lisi", text=NEW)["msgid"]
    assert [ask(box, "cancel_groupmsg_send", msgid=made)["errcode"] for _ in range(2)] == [0, 41093]
    box.move("2026-03-03T10:00:00+08:00")
    assert fates(box, made, "lisi") == [0] * 10
    assert ask(box, "remind_groupmsg_send", msgid=made)["errcode"] == 41093
    assert box.get("/_sandbox/received")["count"] == 0


def test_a_group_send_reaches_the_people_of_its_owners_groups(box: Sandbox) -> None:
    town(box)
    for person in (1, 2, 11):
        box.act(person, "join_group", corpid="ww1", chat_id="wr1")
    assert ask(box, "add_msg_template", chat_type="group", text=NEW)["errcode"] == 40058
    made = ask(box, "add_msg_template", chat_type="group", sender="lisi", chat_id_list=["wr1", "wr9"], text=NEW)
    assert made["fail_list"] == ["wr9"]
    confirm(box, "lisi")
    found = dispatched(box, "get_groupmsg_send_result", msgid=made["msgid"], userid="lisi")["send_list"]
    assert [(one["chat_id"], one["status"]) for one in found] == [("wr1", 1)]
    assert box.get("/_sandbox/received", route="wecom_group_chat")["persons"] == [1, 2, 11]


def test_bad_broadcasts_are_refused_and_change_nothing(box: Sandbox) -> None:
    mine = town(box)
    for body, code in (
        ({}, 40058), ({"chat_type": "all", "sender": "lisi"}, 40035), ({"sender": "nobody"}, 40003),
        ({"external_userid": ["x"] * 10_001}, 40032), ({"external_userid": ["wmstranger"]}, 41048),
        ({"sender": "lisi", "text": {}}, 40063), ({"sender": "lisi", "allow_select": 1}, 40035),
        ({"tag_filter": {"group_list": [{"tag_list": []}]}}, 40035),
        ({"chat_type": "group", "sender": "wangwu"}, 41048),
    ):  # fmt: skip
        assert ask(box, "add_msg_template", **{"text": NEW, **body})["errcode"] == code, body
    assert ask(box, "get_groupmsg_task")["errcode"] == 41046
    assert ask(box, "get_groupmsg_task", msgid="msg0")["errcode"] == 41047
    assert box.get("/_sandbox/broadcasts")["broadcasts"] == []
    for number in range(3):
        ask(box, "add_msg_template", external_userid=mine["lisi"], text={"content": f"第 {number} 条"})
    span = {"chat_type": "single", "start_time": 1772416800, "end_time": 1772416800}
    one = ask(box, "get_groupmsg_list_v2", **span, limit=2)
    two = ask(box, "get_groupmsg_list_v2", **span, limit=2, cursor=one["next_cursor"])
    assert [m["text"]["content"][2] for m in one["group_msg_list"] + two["group_msg_list"]] == ["0", "1", "2"]
    assert ask(box, "get_groupmsg_list_v2", **span | {"end_time": 1775181601})["errcode"] == 40035


def test_a_person_confirms_a_members_tasks_on_the_assistant_page(box: Sandbox) -> None:
    town(box)
    made = ask(box, "add_msg_template", sender="lisi", text={"content": "新课<上线>"})["msgid"]
    page = box.client.get(f"{box.url}/assistant/lisi").text
    assert "新课&lt;上线&gt;" in page
    assert "发送给 10 位客户" in page
    button = f"{box.url}/assistant/lisi/{made}"
    assert button.removeprefix(box.url) in page
    done = box.client.post(button, follow_redirects=True).text
    assert "暂无待发送的群发" in done
    assert "已发送给 10 位客户<" in done
    assert fates(box, made, "lisi") == [1] * 10
    box.client.post(button)
    assert box.get("/_sandbox/received", route="wecom_group_send")["messages"] == 10
    assert box.client.get(f"{box.url}/assistant/nobody").status_code == 404


@pytest.mark.parametrize(
    ("policy", "at", "start", "most"),
    [("monthly_days", 1772380800000, 1772294400000, 31), ("monthly_days", 1770000000000, 1769875200000, 28),
     ("daily", 1772294399999, 1772208000000, 1), ("weekly7", 1772380799999, 1771776000000, 7)],
)  # fmt: skip
def test_periods_are_those_of_shanghai(policy: str, at: int, start: int, most: int) -> None:
    assert quota(policy, at) == (start, most)
