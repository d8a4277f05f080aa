"""Moments: members publish, customers with the right tags see, like and comment. Archiving: consent comes first."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Sandbox, Site, wait_for
from tests.sandbox.test_broadcasts import town
from tests.sandbox.test_wecom_adds import PNG, upload

OUT = "/wecom/cgi-bin/externalcontact"


def ask(box: Sandbox, path: str, **body: object) -> Any:
    """A call below externalcontact/."""
    return box.post(f"{OUT}/{path}", body, access_token=box.wecom_token())


def made(box: Sandbox, jobid: str) -> Any:
    """The result of a job, once it is done."""
    answers: list[Any] = []

    def done() -> bool:
        token = box.wecom_token()
        answers.append(box.get(f"{OUT}/get_moment_task_result", access_token=token, jobid=jobid))
        return bool(answers[-1].get("status") == 3)

    wait_for(done)
    return answers[-1]["result"]


def test_a_moment_is_seen_by_those_with_its_tag_once_its_member_publishes(box: Sandbox, site: Site) -> None:
    mine = town(box, each=6, like_rate=1.0, comment_rate=0.0, mass_click_rate=1.0)
    site.page("/l/live", "<body data-page=live>")
    tag = ask(box, "add_corp_tag", group_name="意向", tag=[{"name": "高"}])["tag_group"]["tag"][0]["id"]
    for uid in mine["lisi"][:2]:
        ask(box, "mark_tag", userid="lisi", external_userid=uid, add_tag=[tag])
    picture = upload(box, box.wecom_token(), "upload_attachment", PNG, media_type="image", attachment_type="1")
    link = {"title": "今晚直播", "url": f"{site.url}/l/live", "media_id": picture["media_id"]}
    reach = {"sender_list": {"user_list": ["lisi", "ghost"]}, "external_contact_list": {"tag_list": [tag]}}
    job = ask(
        box, "add_moment_task", text={"content": "今晚见"}, attachments=[{"msgtype": "link", "link": link}],
        visible_range=reach,
    )["jobid"]  # fmt: skip
    result = made(box, job)
    assert result["invalid_sender_list"] == {"user_list": ["ghost"]}
    moment = {"moment_id": result["moment_id"]}
    assert ask(box, "get_moment_task", **moment)["task_list"] == [{"userid": "lisi", "publish_status": 0}]
    may = ask(box, "get_moment_customer_list", userid="lisi", **moment)["customer_list"]
    assert [c["external_userid"] for c in may] == mine["lisi"][:2]
    assert ask(box, "get_moment_send_result", userid="lisi", **moment)["customer_list"] == []
    box.control("members/lisi/act", corpid="ww1", act="publish", **moment)
    assert ask(box, "get_moment_task", **moment)["task_list"] == [{"userid": "lisi", "publish_status": 1}]
    box.move("2026-03-03T10:00:00+08:00")
    seen = ask(box, "get_moment_send_result", userid="lisi", **moment)["customer_list"]
    assert [c["external_userid"] for c in seen] == mine["lisi"][:2]
    said = ask(box, "get_moment_comments", userid="lisi", **moment)
    assert (sorted(c["external_userid"] for c in said["like_list"]), said["comment_list"]) == (mine["lisi"][:2], [])
    assert box.get("/_sandbox/received", route="moments", match="今晚直播")["uids"] == mine["lisi"][:2]
    assert box.get("/_sandbox/acted", act="open", match="live")["uids"] == mine["lisi"][:2]


def test_moments_are_published_as_the_staff_confirms_and_stop_when_cancelled(box: Sandbox) -> None:
    town(box, manner="at_once", each=3, like_rate=0.0, comment_rate=0.0)
    one = made(box, ask(box, "add_moment_task", text={"content": "早安"})["jobid"])["moment_id"]
    two = made(box, ask(box, "add_moment_task", text={"content": "撤回"})["jobid"])["moment_id"]
    assert ask(box, "cancel_moment_task", moment_id=two)["errcode"] == 0
    box.move("2026-03-03T10:00:00+08:00")
    assert {t["publish_status"] for t in ask(box, "get_moment_task", moment_id=one)["task_list"]} == {1}
    assert {t["publish_status"] for t in ask(box, "get_moment_task", moment_id=two)["task_list"]} == {0}
    assert box.get("/_sandbox/received", route="moments")["count"] == 6
    span = {"start_time": 1772409600, "end_time": 1772496000}
    assert [m["text"]["content"] for m in ask(box, "get_moment_list", **span)["moment_list"]] == ["早安", "撤回"]


def test_bad_moments_are_refused(box: Sandbox) -> None:
    town(box, each=1)
    image = {"msgtype": "image", "image": {"media_id": "gone"}}
    for body, code in (
        ({}, 40063), ({"text": {"content": "长" * 2001}}, 45002), ({"attachments": [image]}, 40007),
        ({"attachments": [image] * 10}, 41064), ({"attachments": [image, {"msgtype": "video"}]}, 41064),
        ({"attachments": [{"msgtype": "file"}]}, 41065),
        ({"text": {"content": "x"}, "visible_range": {"sender_list": {"user_list": ["ghost"]}}}, 81013),
    ):  # fmt: skip
        assert ask(box, "add_moment_task", **body)["errcode"] == code, body
    codes = [ask(box, "add_moment_task", text={"content": f"第 {n} 条"})["errcode"] for n in range(11)]
    assert codes == [0] * 10 + [45009]


def test_where_archiving_is_asked_for_the_welcome_waits_for_consent(box: Sandbox, site: Site) -> None:
    box.control("people", count=1, seed=7)
    lisi = {"userid": "lisi", "archive": True}
    box.control("accounts", wecom=[{"corpid": "ww1", "archive_consent": True, "members": [lisi]}])
    box.act(1, "add_member", corpid="ww1", userid="lisi")
    box.act(1, "chat", corpid="ww1", userid="lisi", text="没同意")
    box.act(1, "agree_archive", corpid="ww1", userid="lisi")
    box.act(1, "chat", corpid="ww1", userid="lisi", text="同意了")
    box.act(1, "chat", corpid="ww1", userid="lisi", text="再说一句")
    heard = [(c.get("ChangeType") or c["Event"], bool(c.get("WelcomeCode"))) for c in site.callbacks("ww1")[1:]]
    assert heard == [("add_external_contact", False), ("msg_audit_approved", True), ("msgaudit_notify", False)]
    box.move("2026-03-02T10:00:15+08:00")
    assert [c["Event"] for c in site.callbacks("ww1")[4:]] == ["msgaudit_notify"]
    kept = box.get("/_sandbox/archive", corpid="ww1")["messages"]
    assert [m["text"]["content"] for m in kept] == ["同意了", "再说一句"]
