"""Contact ways, what a scan raises, and the welcome within its 20 seconds, seen over HTTP only."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.sandbox.conftest import Sandbox, Site, wait_for

OUT = "/wecom/cgi-bin/externalcontact"
PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 40


def ask(box: Sandbox, path: str, token: str, **body: object) -> Any:
    """A call below externalcontact/."""
    return box.post(f"{OUT}/{path}", body, access_token=token)


def upload(box: Sandbox, token: str, path: str, body: bytes, **query: str) -> Any:
    """A file to a media address."""
    files = {"media": ("a.png", body, "image/png")}
    address = f"{box.url}/wecom/cgi-bin/media/{path}"
    return box.client.post(address, params={"access_token": token, **query}, files=files).json()


def adds(site: Site) -> list[dict[str, str]]:
    """The adds that the corp's app heard of."""
    return [c for c in site.callbacks("ww1") if c.get("ChangeType", "").startswith("add_")]


def test_contact_ways_are_made_read_changed_and_counted(box: Sandbox) -> None:
    token = box.wecom_token()
    made = ask(box, "add_contact_way", token, type=2, scene=2, user=["lisi"], party=[2], state="expo", remark="展会")
    config = made["config_id"]
    got = ask(box, "get_contact_way", token, config_id=config)["contact_way"]
    assert (got["user"], got["party"], got["state"], got["skip_verify"]) == (["lisi"], [2], "expo", True)
    assert box.client.get(got["qr_code"]).status_code == 200
    assert ask(box, "update_contact_way", token, config_id=config, user=["wangwu"])["errcode"] == 0
    got = ask(box, "get_contact_way", token, config_id=config)["contact_way"]
    assert (got["user"], got["party"], got["state"], got["remark"]) == (["wangwu"], [], "expo", "")
    for _ in range(2):
        ask(box, "add_contact_way", token, type=1, scene=1, user=["lisi"])
    one = ask(box, "list_contact_way", token, limit=2)
    two = ask(box, "list_contact_way", token, limit=2, cursor=one["next_cursor"])
    assert (len(one["contact_way"]), len(two["contact_way"]), two["next_cursor"]) == (2, 1, "")
    assert ask(box, "list_contact_way", token, start_time=0, end_time=1)["contact_way"] == []
    for field, code in (
        ({"type": 3}, 40035), ({"scene": 0}, 40035), ({"user": ["nobody"]}, 40003), ({"user": []}, 40058),
        ({"user": "lisi"}, 40031), ({"party": [9]}, 60003), ({"state": "x" * 31}, 40035), ({"is_temp": True}, 41200),
        ({"type": 1, "user": ["lisi", "wangwu"]}, 40032),
    ):  # fmt: skip
        body = {"type": 2, "scene": 2, "user": ["lisi"], **field}
        assert ask(box, "add_contact_way", token, **body)["errcode"] == code, field
    crowd = [{"userid": f"m{n}", "name": "员工", "department": [2]} for n in range(100)]
    box.control("accounts", wecom=[{"corpid": "ww1", "members": crowd}])
    assert ask(box, "add_contact_way", token, type=2, scene=2, party=[2])["errcode"] == 41041
    assert ask(box, "del_contact_way", token, config_id=config)["errcode"] == 0
    assert ask(box, "get_contact_way", token, config_id=config)["errcode"] == 41044
    assert box.act(box.control("people", count=1)["first"], "scan_way", config_id=config)["error"] == "unknown"


def test_a_scan_adds_a_member_who_can_take_the_person(box: Sandbox, site: Site) -> None:
    token = box.wecom_token()
    config = ask(box, "add_contact_way", token, type=2, scene=2, user=["lisi", "wangwu"], state="expo")["config_id"]
    box.control("people", count=3, seed=7)
    box.control("arrivals", config_id=config, count=30, **{"from": START_AT, "to": "2026-03-02T11:00:00+08:00"})
    box.move("2026-03-02T11:00:00+08:00")
    heard = adds(site)
    assert len(heard) == 30
    assert {(c["State"], bool(c["WelcomeCode"])) for c in heard} == {("expo", True)}
    assert set(Counter(c["UserID"] for c in heard)) == {"lisi", "wangwu"}
    assert box.get("/_sandbox/acted", act="scan_way", match=config)["count"] == 30

    box.control("accounts", wecom=[{"corpid": "ww1", "members": [{"userid": "wangwu", "status": 2}]}])
    box.act(1, "scan_way", config_id=config)
    box.act(1, "scan_way", config_id=config)
    assert [c["UserID"] for c in adds(site)[30:]] == ["lisi"]
    box.control("accounts", wecom=[{"corpid": "ww1", "members": [{"userid": "lisi", "customer_limit": 1}]}])
    box.act(2, "scan_way", config_id=config)
    assert len(adds(site)) == 31
    assert box.get("/_sandbox/acted", act="scan_refused")["persons"] == [2]

    polite = ask(box, "add_contact_way", box.wecom_token(), type=1, scene=2, user=["lisi"], skip_verify=False)
    box.control("accounts", wecom=[{"corpid": "ww1", "members": [{"userid": "lisi", "customer_limit": 99}]}])
    box.act(3, "open_url", url=f"{box.url}/way/{polite['config_id']}", account="ww1")
    assert len(adds(site)) == 31
    box.move("2026-03-02T11:15:00+08:00")
    assert len(adds(site)) == 32
    got = box.get(f"{OUT}/get", access_token=box.wecom_token(), external_userid=adds(site)[31]["ExternalUserID"])
    assert got["follow_user"][0]["add_way"] == 1


START_AT = "2026-03-02T10:05:00+08:00"


def test_the_welcome_greets_once_in_its_window(box: Sandbox, site: Site) -> None:
    box.control("people", count=5, seed=7, model={"chat_rate": 1.0, "click_rate": 1.0, "leave_rate": 0.0})
    other = {"agentid": 1000009, "secret": "second"}
    box.control("accounts", wecom=[{"corpid": "ww1", "apps": [other]}])
    token, second = box.wecom_token(), box.wecom_token("second")
    picture = upload(box, token, "upload", PNG, type="image")
    stays = upload(box, token, "uploadimg", PNG)["url"]
    assert picture["created_at"].isdigit()
    assert box.client.get(stays).content == PNG
    codes = []
    for person in range(1, 5):
        box.act(person, "add_member", corpid="ww1", userid="lisi", state="expo")
        codes.append(adds(site)[-1]["WelcomeCode"])

    def welcome(code: str, by: str = token, **body: object) -> int:
        return int(ask(box, "send_welcome_msg", by, welcome_code=code, **body)["errcode"])

    hello = {"content": "您好，我是李四"}
    site.page("/l/guide", "<body data-page=guide>")
    link = {"msgtype": "link", "link": {"title": "新人指南", "url": f"{site.url}/l/guide"}}
    image = {"msgtype": "image", "image": {"media_id": picture["media_id"]}}
    assert [welcome(codes[0], text=hello, attachments=[image, link]), welcome(codes[0], text=hello)] == [0, 41051]
    assert welcome(codes[1], text=hello) == 0
    wait_for(lambda: welcome(codes[1], second, text=hello) == 41051)
    assert (welcome("", text=hello), welcome("stranger", text=hello)) == (41049, 41050)
    for body, code in (
        ({}, 40063), ({"text": {"content": "长" * 1334}}, 45002), ({"attachments": [link] * 10}, 41064),
        ({"attachments": [{"msgtype": "voice"}]}, 41065),
        ({"attachments": [{"msgtype": "image", "image": {"media_id": "gone"}}]}, 40007),
        ({"attachments": [{"msgtype": "image", "image": {"pic_url": "https://example.com/a.png"}}]}, 40035),
        ({"attachments": [{"msgtype": "link", "link": {"title": "无地址"}}]}, 40058),
        ({"attachments": [{"msgtype": "link", "link": {"title": "长" * 43, "url": "https://example.com"}}]}, 40035),
    ):  # fmt: skip
        assert welcome(codes[2], **body) == code, body
    assert welcome(codes[2], attachments=[{"msgtype": "image", "image": {"pic_url": stays}}]) == 0
    box.act(4, "delete_member", corpid="ww1", userid="lisi")
    assert welcome(codes[3], text=hello) == 84061

    inbox = box.get("/_sandbox/people/1")["inbox"]
    assert [(one["route"], one["title"], one["data"]["userid"]) for one in inbox] == [
        ("wecom_welcome", "", "lisi"), ("wecom_welcome", "", "lisi"), ("wecom_welcome", "新人指南", "lisi"),
    ]  # fmt: skip
    box.move("2026-03-03T10:00:00+08:00")
    assert box.get("/_sandbox/acted", act="open", match="guide")["persons"] == [1]
    assert box.get("/_sandbox/acted", act="chat")["persons"] == [1, 2, 3]


def test_another_app_hears_that_a_welcome_is_on_its_way(box: Sandbox, site: Site) -> None:
    box.control("people", count=50, seed=7)
    box.control("accounts", wecom=[{"corpid": "ww1", "apps": [{"agentid": 1000009, "secret": "second"}]}])
    token, second = box.wecom_token(), box.wecom_token("second")
    people = iter(range(1, 51))

    def in_time() -> bool:  # on a busy machine the second app may come after the second that this lasts
        box.act(next(people), "add_member", corpid="ww1", userid="lisi")
        hello = {"welcome_code": adds(site)[-1]["WelcomeCode"], "text": {"content": "您好"}}
        codes = [ask(box, "send_welcome_msg", by, **hello)["errcode"] for by in (token, second)]
        return codes == [0, 41096]

    wait_for(in_time)


def test_half_adds_and_console_welcomes_leave_no_second_code(box: Sandbox, site: Site) -> None:
    box.control("people", count=3, seed=7)
    token = box.wecom_token()
    box.act(1, "add_member", corpid="ww1", userid="lisi", half=True, state="s")
    assert ask(box, "send_welcome_msg", token, welcome_code=adds(site)[0]["WelcomeCode"], text={"content": "x"}) == {
        "errcode": 0, "errmsg": "ok",
    }  # fmt: skip
    box.act(1, "add_member", corpid="ww1", userid="lisi")
    box.act(1, "add_member", corpid="ww1", userid="lisi")
    box.control("accounts", wecom=[{"corpid": "ww1", "members": [{"userid": "wangwu", "console_welcome": True}]}])
    box.act(2, "add_member", corpid="ww1", userid="wangwu")
    said = [(c["ChangeType"], c.get("State"), bool(c.get("WelcomeCode"))) for c in adds(site)]
    assert said == [
        ("add_half_external_contact", "s", True),
        ("add_external_contact", "s", False),
        ("add_external_contact", None, False),
    ]


def test_files_are_what_they_say_and_expire(box: Sandbox, site: Site) -> None:
    box.control("people", count=1)
    token = box.wecom_token()
    kept = upload(box, token, "upload", PNG, type="image")["media_id"]
    for path, body, query, code in (
        ("upload", PNG, {"type": "gif"}, 40004), ("upload", b"no picture", {"type": "image"}, 40005),
        ("upload", b"x", {"type": "file"}, 40006), ("uploadimg", b"\x89PNG" + b"0" * (2 << 20), {}, 45001),
        ("upload_attachment", PNG, {"media_type": "image", "attachment_type": "3"}, 40035),
    ):  # fmt: skip
        assert upload(box, token, path, body, **query)["errcode"] == code, (path, query)
    box.move("2026-03-05T10:00:01+08:00")
    box.act(1, "add_member", corpid="ww1", userid="lisi")
    image = {"msgtype": "image", "image": {"media_id": kept}}
    late = ask(
        box, "send_welcome_msg", box.wecom_token(), welcome_code=adds(site)[0]["WelcomeCode"], attachments=[image]
    )
    assert late["errcode"] == 40007
