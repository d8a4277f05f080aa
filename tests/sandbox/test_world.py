"""Callbacks with faults, people's browser, OAuth, WeCom, the clock, and what survives a kill."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qs

import httpx2
import pytest

from sandbox.routes import listing
from tests.sandbox.conftest import START, Sandbox, Site, free_port, query, urlencode, wait_for

PAGE = """<html><body data-view="V1" data-beacon="/t/view" data-pages="3" data-page="ebook">
<form method="post" action="/f?k=1"><input type="hidden" name="csrf" value="c0">
<label>手机<input type="tel" name="phone" required></label><label>姓名<input name="who"></label>
<input name="company" placeholder="公司"><input type="checkbox" name="consent" value="yes">
<select name="size"><option value="">请选择</option><option value="s">小</option></select><button>提交</button>
</form></body>"""


def _sure(box: Sandbox, **rates: float) -> None:
    """People who read on and do what the rates say, and nothing else."""
    quiet = {"leave_rate": 0, "optout_rate": 0, "spread": 0, "mass_click_rate": 0}
    box.control("people", model=quiet | rates)


def test_callbacks_are_tried_three_times_and_then_lost(box: Sandbox, site: Site) -> None:
    box.followers(2)
    site.refuse = 2
    box.act(1, "text", account="wxd", text="一")
    assert len(site.calls("/cb")) == 3
    assert len({path for _, path, _, _ in site.calls("/cb")}) == 3
    assert len({c["MsgId"] for c in site.callbacks()}) == 1
    site.refuse = 3
    box.act(2, "text", account="wxd", text="二")
    found = box.get("/_sandbox/counts")["callbacks"]
    assert (found["raised"], found["delivered"], found["failed"], found["attempts"]) == (2, 1, 1, 6)


def test_loss_duplication_and_reordering_leave_the_truth_in_the_log(box: Sandbox, site: Site) -> None:
    count = 200
    box.followers(count)
    box.control("faults", seed=3, lose=0.2, duplicate=0.3, reorder=0.3)
    for person in range(1, count + 1):
        at = f"2026-03-02T10:{person // 60:02d}:{person % 60:02d}+08:00"
        box.control(f"people/{person}/act", act="text", account="wxd", text=f"t{person}", at=at)
    moved = box.move("2026-03-02T10:30:00+08:00")
    assert moved["quiet"]
    texts = [c["Content"] for c in site.callbacks()]
    found = box.get("/_sandbox/counts")
    calls = found["callbacks"]
    assert found["replies"][0]["messages"] == 1
    assert len(found["replies"]) == count
    assert calls["raised"] == count
    assert calls["lost"] == count - len(set(texts))
    assert 20 <= calls["lost"] <= 60
    assert calls["duplicated"] == len(texts) - len(set(texts)) > 20
    assert calls["pending"] == 0
    order = [int(t[1:]) for t in dict.fromkeys(texts)]
    assert order != sorted(order)
    # CreateTime is when it happened, not when it came
    start = int(site.callbacks()[0]["CreateTime"]) - int(texts[0][1:])
    assert all(int(c["CreateTime"]) == start + int(c["Content"][1:]) for c in site.callbacks())


def test_a_person_reads_fills_the_form_and_is_known_by_silent_oauth(box: Sandbox, site: Site) -> None:
    _sure(box, read_on=1.0)
    openids = box.followers(1)

    def landing(headers: dict[str, str], _: bytes) -> tuple[int, dict[str, str], str]:
        if "sid=ok" not in headers.get("cookie", ""):
            back = urlencode({"redirect_uri": f"{site.url}/oauth?to=1", "appid": "wxd", "response_type": "code"})
            where = f"{box.url}/connect/oauth2/authorize?{back}&scope=snsapi_base&state=st#wechat_redirect"
            return 302, {"Location": where}, ""
        return 200, {}, PAGE

    codes: list[str] = []

    def oauth(headers: dict[str, str], _: bytes) -> tuple[int, dict[str, str], str]:
        codes.append(query(headers["path"])["code"])
        assert query(headers["path"])["state"] == "st"
        return 302, {"Location": "/l/abc", "Set-Cookie": "sid=ok; Path=/; HttpOnly"}, ""

    site.pages |= {"/l/abc": landing, "/oauth": oauth}
    site.page("/t/view", "", 204)
    site.page("/f", "", 303, Location="/thanks")
    site.page("/thanks", '<body data-page="thanks">谢谢')
    box.act(1, "fill_form", url=f"{site.url}/l/abc", account="wxd", fields={"who": "李雷"})
    box.move("2026-03-02T10:30:00+08:00")

    assert all("MicroMessenger" in s[2]["user-agent"] for s in site.calls("/l/abc"))
    assert all("x-sandbox-person" not in s[2] for s in site.seen)
    (beacon,) = [json.loads(s[3]) for s in site.calls("/t/view")]
    assert (beacon["view"], [page for page, _ in beacon["read"]]) == ("V1", [1, 2, 3])
    assert all(1_000 <= ms <= 300_000 for _, ms in beacon["read"])
    (post,) = site.calls("/f")
    phone = box.get("/_sandbox/people/1")["profile"]["phone"]
    values = {k: v[0] for k, v in parse_qs(post[3].decode()).items()}
    assert values.pop("company")
    assert values == {"csrf": "c0", "phone": phone, "who": "李雷", "consent": "yes", "size": "s"}
    assert post[2]["cookie"] == "sid=ok"
    forms = box.get("/_sandbox/acted", act="form", match="ebook")
    assert (forms["uids"], forms["messages"]) == (openids, 1)
    assert {o["page"]: o["opens"] for o in box.get("/_sandbox/counts")["opens"]} == {"ebook": 1, "thanks": 1}

    def spend(code: str, secret: str = "s") -> dict[str, object]:
        grant = {"appid": "wxd", "secret": secret, "code": code, "grant_type": "authorization_code"}
        answer: dict[str, object] = box.get("/oa/sns/oauth2/access_token", **grant)
        return answer

    assert spend(codes[0])["errcode"] == 40029  # half an hour later
    box.act(1, "open_url", url=f"{box.url}/connect/oauth2/authorize?{_authorize(site.url + '/oauth')}", account="wxd")
    assert spend(codes[1], "no")["errcode"] == 40125
    assert spend(codes[1])["openid"] == openids[0]
    assert spend(codes[1])["errcode"] == 40163
    assert spend("never")["errcode"] == 40029
    foreign = f"{box.url}/connect/oauth2/authorize?{_authorize('http://evil.example/x')}"
    assert box.client.get(foreign, headers={"x-sandbox-person": "1"}).status_code == 400
    human = box.client.get(f"{box.url}/connect/oauth2/authorize?{_authorize(site.url + '/oauth')}")
    assert "sandbox_person=1" in human.text


def _authorize(back: str) -> str:
    fields = {"appid": "wxd", "redirect_uri": back, "response_type": "code", "scope": "snsapi_base", "state": "st"}
    return urlencode(fields)


def test_the_wave_from_mass_send_to_group(box: Sandbox, site: Site) -> None:
    _sure(box, reply_rate=0.5, answer_click_rate=1.0, click_rate=1.0, form_rate=1.0, join_rate=1.0)
    openids, token = box.followers(40), box.token()
    site.page("/l/book", PAGE)
    site.page("/t/view", "", 204)
    site.page("/f", '<body data-page="thanks">')
    ask = {"content": '新书来了，回复"电子书"领取。退订回复TD'}
    assert box.oa("message/mass/send", {"touser": openids, "msgtype": "text", "text": ask}, token)["errcode"] == 0
    box.move("2026-03-02T22:00:00+08:00")
    repliers = box.get("/_sandbox/acted", act="text", match="电子书")["uids"]
    assert 10 <= len(repliers) <= 30
    assert sorted(c["FromUserName"] for c in site.callbacks() if c.get("Content") == "电子书") == repliers
    token = box.token()
    for openid in repliers:
        text = {"content": f"请看 {site.url}/l/book?p={openid}"}
        assert box.oa("message/custom/send", {"touser": openid, "msgtype": "text", "text": text}, token)["errcode"] == 0
    box.move("2026-03-03T10:00:00+08:00")
    links = box.get("/_sandbox/received", route="oa_custom", match="请看")
    assert links["uids"] == repliers
    assert box.get("/_sandbox/acted", act="form")["uids"] == repliers

    corp = box.wecom_token()
    way = {"scene": 2, "chat_id_list": ["wr1"], "state": "wave"}
    config = box.post("/wecom/cgi-bin/externalcontact/groupchat/add_join_way", way, access_token=corp)["config_id"]
    path = "/wecom/cgi-bin/externalcontact/groupchat/get_join_way"
    code = box.post(path, {"config_id": config}, access_token=corp)["join_way"]["qr_code"]
    site.page(
        "/g", f'<body data-view="G" data-beacon="/t/view" data-page="invite"><a data-cta="group" href="{code}">进群</a>'
    )
    token = box.token()
    for openid in repliers[:3]:
        box.oa(
            "message/custom/send", {"touser": openid, "msgtype": "text", "text": {"content": f"{site.url}/g"}}, token
        )
    box.move("2026-03-04T10:00:00+08:00")
    (joined,) = box.get("/_sandbox/counts")["joins"]
    assert (joined["corpid"], joined["chat_id"], joined["persons"]) == ("ww1", "wr1", 3)
    events = [c for c in site.callbacks("ww1") if c.get("Event") == "change_external_chat"]
    assert Counter(c["UpdateDetail"] for c in events) == {"add_member": 3}
    group = box.post(
        "/wecom/cgi-bin/externalcontact/groupchat/get",
        {"chat_id": "wr1", "need_name": 1},
        access_token=box.wecom_token(),
    )["group_chat"]
    guests = [m for m in group["member_list"] if m["type"] == 2]
    assert {(m["join_scene"], m["state"]) for m in guests} == {(3, "wave")}
    unionids = {box.get(f"/_sandbox/people/{openid}")["unionid"] for openid in repliers[:3]}
    assert {m["unionid"] for m in guests} == unionids
    assert max(int(e["CurMemVer"] == group["member_version"]) for e in events) == 1
    counts = box.get("/_sandbox/counts")
    assert counts["duplicate_count"] == 0
    box.oa("message/custom/send", {"touser": repliers[0], "msgtype": "text", "text": {"content": f"{site.url}/g"}})
    assert [d["uid"] for d in box.get("/_sandbox/counts")["duplicates"]] == [repliers[0]]


def test_wecom_reads_and_events(box: Sandbox, site: Site) -> None:
    contacts = [{"corpid": "ww1", "userids": ["lisi"], "count": 3, "at": "2026-01-05T09:00:00+08:00", "state": "card"}]
    box.control("people", count=4, seed=1, contacts=contacts)
    token = box.wecom_token()

    def read(path: str, **more: object) -> dict[str, object]:
        found: dict[str, object] = box.get(f"/wecom/cgi-bin/{path}", access_token=token, **more)
        return found

    assert site.calls("/cbw") == []
    assert read("externalcontact/get_follow_user_list")["follow_user"] == ["lisi", "wangwu"]
    assert read("externalcontact/list", userid="wangwu")["errcode"] == 84061
    ids = read("externalcontact/list", userid="lisi")["external_userid"]
    assert isinstance(ids, list)
    assert len(ids) == 3
    body = {"userid_list": ["lisi", "wangwu"], "limit": 2}
    path = "/wecom/cgi-bin/externalcontact/batch/get_by_user"
    one = box.post(path, body, access_token=token)
    two = box.post(path, body | {"cursor": one["next_cursor"]}, access_token=token)
    listed = [
        c["external_contact"]["external_userid"] for c in one["external_contact_list"] + two["external_contact_list"]
    ]
    assert (sorted(listed), two["next_cursor"]) == (sorted(ids), "")
    assert one["external_contact_list"][0]["follow_info"]["state"] == "card"
    assert box.post(path, body | {"cursor": "x" + one["next_cursor"]}, access_token=token)["errcode"] == 50100
    directory = box.wecom_token("dir")
    refused = box.get("/wecom/cgi-bin/externalcontact/list", access_token=directory, userid="lisi")
    assert refused["errcode"] == 48002
    pairs = box.post("/wecom/cgi-bin/user/list_id", {"limit": 10}, access_token=directory)["dept_user"]
    assert [(p["userid"], p["department"]) for p in pairs] == [("lisi", 2), ("wangwu", 1), ("wangwu", 2)]
    names = read("user/simplelist", department_id=2)["userlist"]
    assert isinstance(names, list)
    assert [n["name"] for n in names] == ["李四", "王五"]

    box.act(4, "add_member", corpid="ww1", userid="wangwu", state="expo")
    box.act(4, "delete_member", corpid="ww1", userid="wangwu")
    remark = {"userid": "lisi", "external_userid": ids[0], "remark": "大客户"}
    assert box.post("/wecom/cgi-bin/externalcontact/remark", remark, access_token=token)["errcode"] == 0
    box.control("members/lisi/act", corpid="ww1", act="remark", person=ids[0], remark="老客户")
    box.control("members/wangwu/act", corpid="ww1", act="leave")
    changes = [(c["ChangeType"], c.get("State"), bool(c.get("WelcomeCode"))) for c in site.callbacks("ww1")]
    assert changes == [
        ("add_external_contact", "expo", True),
        ("del_follow_user", None, False),
        ("edit_external_contact", None, False),
        ("delete_user", None, False),
    ]
    got = read("externalcontact/get", external_userid=ids[0])
    assert isinstance(got["external_contact"], dict)
    assert got["external_contact"]["unionid"] == box.get(f"/_sandbox/people/{ids[0]}")["unionid"]
    assert isinstance(got["follow_user"], list)
    assert got["follow_user"][0]["remark"] == "老客户"
    box.move("2026-03-02T14:30:00+08:00")
    token = box.wecom_token()
    late = box.post(path, body | {"userid_list": ["lisi"], "cursor": one["next_cursor"]}, access_token=token)
    assert late["errcode"] == 50100


def test_arrivals_come_in_their_span_with_exact_scenes(box: Sandbox, site: Site) -> None:
    box.control("people", grain_s=60)
    span = {"from": "2026-03-02T11:00:00+08:00", "to": "2026-03-02T15:00:00+08:00"}
    plan = {"key": "late", "account": "wxd", "count": 50, "scenes": {"wave": 35}} | span
    first = box.control("arrivals", **plan)
    assert box.control("arrivals", **plan) == first | {"again": True}
    state = box.get("/_sandbox/clock")
    assert state["next_due"] >= "2026-03-02T03:00:00.000Z"
    box.move("2026-03-02T13:00:00+08:00")
    assert 10 <= box.get("/_sandbox/counts")["follows"] <= 40
    box.move("2026-03-02T15:00:00+08:00")
    counts = box.get("/_sandbox/counts")
    assert counts["follows_by_scene"] == {"wave": 35, "": 15}
    keys = Counter(c["EventKey"] for c in site.callbacks())
    assert keys == {"qrscene_wave": 35, "": 15}
    assert all(int(c["CreateTime"]) % 60 == 0 for c in site.callbacks())


def test_the_world_survives_a_stop_and_a_kill(box: Sandbox, site: Site) -> None:
    openids, token = box.followers(30), box.token()
    body = {"touser": openids, "msgtype": "text", "text": {"content": "回复1领取"}, "clientmsgid": "k"}
    first = box.oa("message/mass/send", body, token)
    before = box.url
    assert box.stop(signal.SIGKILL) != 0
    box.start()
    assert box.url == before
    assert box.get("/_sandbox/clock")["now"] == "2026-03-02T02:00:00.000Z"
    assert box.oa("message/mass/send", body, token)["msg_id"] == first["msg_id"]
    box.move("2026-03-02T10:00:30+08:00")
    assert box.stop() == 0
    box.start()
    assert box.get("/_sandbox/received")["count"] == 30
    box.move("2026-03-02T22:00:00+08:00")
    replies = box.get("/_sandbox/counts")["replies"]
    sent = [c.get("Content") for c in site.callbacks() if c["MsgType"] == "text"]
    assert len(sent) == sum(r["messages"] for r in replies) > 0
    assert box.get("/_sandbox/received")["messages"] == 30


def test_killed_in_the_middle_of_a_wave_nobody_acts_twice_and_no_callback_is_forgotten(
    box: Sandbox, site: Site
) -> None:
    count = 300
    box.followers(count)
    for person in range(1, count + 1):
        at = f"2026-03-02T11:{person // 60:02d}:{person % 60:02d}+08:00"
        box.control(f"people/{person}/act", act="text", account="wxd", text=f"t{person}", at=at)
    moving = threading.Thread(target=lambda: _ignore(lambda: box.move("2026-03-02T12:00:00+08:00")))
    moving.start()
    wait_for(lambda: len(site.calls("/cb?")) > 40)
    box.stop(signal.SIGKILL)
    moving.join(10)
    seen = len(site.callbacks())
    assert seen < count
    box.start()
    box.move("2026-03-02T12:00:00+08:00")
    replies = box.get("/_sandbox/counts")["replies"]
    assert len(replies) == count
    assert {r["messages"] for r in replies} == {1}
    texts = [c["Content"] for c in site.callbacks()]
    assert set(texts) == {f"t{p}" for p in range(1, count + 1)}
    assert len(texts) - count <= 40  # only what was on its way came twice


def _ignore(call: Callable[[], object]) -> None:
    with contextlib.suppress(httpx2.TransportError):
        call()


def test_a_full_group_moves_on_and_nobody_joins_twice(box: Sandbox, site: Site) -> None:
    box.followers(205)
    body = {"scene": 2, "chat_id_list": ["wr1"], "room_base_name": "读者群"}
    way = "/wecom/cgi-bin/externalcontact/groupchat/add_join_way"
    config = box.post(way, body, access_token=box.wecom_token())["config_id"]
    for person in range(1, 206):
        box.control(f"people/{person}/act", act="join_group", config_id=config, at="2026-03-02T10:01:00+08:00")
    box.control("people/1/act", act="join_group", config_id=config, at="2026-03-02T10:02:00+08:00")
    box.move("2026-03-02T10:03:00+08:00")
    joins = sorted(j["persons"] for j in box.get("/_sandbox/counts")["joins"])
    assert joins == [6, 199]  # the owner is a member too
    changes = Counter(c["ChangeType"] for c in site.callbacks("ww1"))
    assert changes == {"update": 205, "create": 1}
    listed = box.post("/wecom/cgi-bin/externalcontact/groupchat/list", {"limit": 10}, access_token=box.wecom_token())[
        "group_chat_list"
    ]
    assert len(listed) == 2


def test_what_cannot_be_done_is_logged_and_does_not_stop_the_world(box: Sandbox) -> None:
    body = {"scene": 2, "chat_id_list": ["wr1"]}
    token = box.wecom_token()
    path = "/wecom/cgi-bin/externalcontact/groupchat"
    config = box.post(f"{path}/add_join_way", body, access_token=token)["config_id"]
    box.followers(1)
    box.control("people/1/act", act="join_group", config_id=config, at="2026-03-02T11:00:00+08:00")
    assert box.post(f"{path}/del_join_way", {"config_id": config}, access_token=token)["errcode"] == 0
    assert box.move("2026-03-02T12:00:00+08:00")["next_due"] is None
    (entry,) = box.get("/_sandbox/log", kind="error")["entries"]
    assert "join way" in entry["result"]


def test_an_answer_can_be_cut_off_after_the_deed(box: Sandbox) -> None:
    token, openids = box.token(), box.followers(2)
    body = {"touser": openids, "msgtype": "text", "text": {"content": "x"}, "clientmsgid": "k"}
    box.control("faults", drop_answers=1.0)
    with pytest.raises(httpx2.TransportError):
        box.oa("message/mass/send", body, token)
    box.control("faults", drop_answers=0)
    assert box.oa("message/mass/send", body, token)["errcode"] == 45065


def test_the_clock_goes_forward_only_and_can_run_by_itself(bare: Sandbox, site: Site) -> None:
    assert bare.get("/_sandbox/clock")["mode"] == "system"
    bare.move(START)
    assert bare.move("2026-03-02T09:59:59+08:00")["error"] == "clock_backwards"
    assert bare.control("clock", mode="virtual", now="2026-03-02T10:00:00")["error"] == "bad_input"
    account = {"appid": "wxd", "secret": "s", "token": "tok", "callback_url": f"{site.url}/cb"}
    bare.control("accounts", official_accounts=[account])
    span = {"from": "2026-03-02T10:10:00+08:00", "to": "2026-03-02T10:40:00+08:00"}
    bare.control("arrivals", account="wxd", count=20, **span)
    bare.control("clock", mode="scaled", base=START, factor=3600)
    wait_for(lambda: len(site.callbacks()) == 20)
    assert {c["Event"] for c in site.callbacks()} == {"subscribe"}
    assert bare.get("/_sandbox/clock")["now"] > "2026-03-02T02:30:00"


def test_a_second_sandbox_in_the_same_folder_and_foreign_hosts_are_refused(bare: Sandbox) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "sandbox", "--port", str(free_port()), "--data", str(bare.folder)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert second.returncode == 2
    assert "another sandbox" in second.stderr
    foreign = {"host": "evil.example"}
    assert bare.client.get(f"{bare.url}/_sandbox/clock", headers=foreign).status_code == 403
    origin = {"origin": "http://evil.example"}
    assert bare.client.get(f"{bare.url}/_sandbox/clock", headers=origin).status_code == 403


def test_every_listed_route_answers_in_the_platforms_envelope(box: Sandbox) -> None:
    assert ("POST", "/oa/cgi-bin/message/mass/send") in listing()
    assert len(listing()) == len(listing("oa")) + len(listing("wecom")) == len(set(listing()))
    for method, path in listing():
        answer = box.client.request(method, f"{box.url}{path}", content=b"{}" if method == "POST" else None)
        assert answer.status_code == 200
        assert answer.json()["errcode"] != 0
