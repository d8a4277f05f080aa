"""WeChat customer service: who enters is told with the scene, messages are fetched, windows and states hold."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Sandbox, Site
from tests.sandbox.test_wecom_adds import PNG, upload

HELLO = {"msgtype": "text", "text": {"content": "您好"}}


def ask(box: Sandbox, path: str, **body: object) -> Any:
    """A call below kf/."""
    return box.post(f"/wecom/cgi-bin/kf/{path}", body, access_token=box.wecom_token())


def desk(box: Sandbox) -> str:
    """An account with lisi as servicer, and three people who never answer by themselves."""
    picture = upload(box, box.wecom_token(), "upload", PNG, type="image")["media_id"]
    open_kfid: str = ask(box, "account/add", name="售前咨询", media_id=picture)["open_kfid"]
    assert ask(box, "servicer/add", open_kfid=open_kfid, userid_list=["lisi", "nobody"])["result_list"][1]["errcode"]
    box.control("people", count=3, seed=7, model={"click_rate": 0.0, "answer_click_rate": 1.0})
    return open_kfid


def uid(box: Sandbox, person: int) -> str:
    """The person's external_userid."""
    return str(box.get(f"/_sandbox/people/{person}")["contacts"][0]["external_userid"])


def test_who_enters_by_a_link_is_told_and_greeted_once(box: Sandbox, site: Site) -> None:
    open_kfid = desk(box)
    url = ask(box, "add_contact_way", open_kfid=open_kfid, scene="fair2026")["url"]
    box.act(1, "open_url", url=f"{url}&scene_param=booth7", account="ww1")
    (told,) = site.callbacks("ww1")
    assert (told["Event"], told["OpenKfId"], "FromUserName" in told) == ("kf_msg_or_event", open_kfid, False)
    found = ask(box, "sync_msg", open_kfid=open_kfid, token=told["Token"])
    (entered,) = found["msg_list"]
    assert (entered["origin"], entered["msgtype"]) == (4, "event")
    event = entered["event"]
    assert (event["event_type"], event["scene"], event["scene_param"]) == ("enter_session", "fair2026", "booth7")
    who = ask(box, "customer/batchget", external_userid_list=[event["external_userid"], "wmstranger"])
    assert [c["external_userid"] for c in who["customer_list"]] == [uid(box, 1)]
    assert who["customer_list"][0]["unionid"] == box.get("/_sandbox/people/1")["unionid"]
    assert who["invalid_external_userid"] == ["wmstranger"]
    greet = {"code": event["welcome_code"], **HELLO}
    assert [ask(box, "send_msg_on_event", **greet)["errcode"] for _ in range(2)] == [0, 40029]
    box.act(1, "kf_enter", open_kfid=open_kfid)
    again = ask(box, "sync_msg", open_kfid=open_kfid, cursor=found["next_cursor"])["msg_list"]
    assert ["welcome_code" in m["event"] for m in again] == [False]
    assert box.get("/_sandbox/received", route="kf", match="您好")["persons"] == [1]


def test_five_messages_in_the_48_hours_after_what_was_asked(box: Sandbox, site: Site) -> None:
    open_kfid = desk(box)
    box.act(1, "kf_enter", open_kfid=open_kfid)
    me = uid(box, 1)

    def send(**more: object) -> int:
        return int(ask(box, "send_msg", **{"touser": me, "open_kfid": open_kfid, **HELLO, **more})["errcode"])

    assert send() == 95031
    box.act(1, "kf_text", open_kfid=open_kfid, text="多少钱")
    site.page("/l/price", "<body data-page=price>")
    link = {"msgtype": "text", "text": {"content": f"价目表 {site.url}/l/price"}}
    assert [send(msgid="a1", **link), send(msgid="a1")] == [0, 95033]
    assert [send() for _ in range(5)] == [0, 0, 0, 0, 95001]
    box.act(1, "kf_text", open_kfid=open_kfid, text="还在吗")
    assert send() == 0
    box.move("2026-03-04T10:00:01+08:00")
    assert box.get("/_sandbox/acted", act="open", match="price")["persons"] == [1]
    assert send() == 95002
    fetched = ask(box, "sync_msg", open_kfid=open_kfid, limit=2)
    assert (len(fetched["msg_list"]), fetched["has_more"]) == (2, 1)
    rest = ask(box, "sync_msg", open_kfid=open_kfid, cursor=fetched["next_cursor"])
    assert [m["text"]["content"] for m in [*fetched["msg_list"], *rest["msg_list"]] if m["msgtype"] == "text"] == [
        "多少钱",
        "还在吗",
    ]
    box.move("2026-03-06T10:00:00+08:00")
    assert ask(box, "sync_msg", open_kfid=open_kfid)["msg_list"] == [], "kept for 3 days"


def test_sessions_move_as_the_table_allows(box: Sandbox) -> None:
    open_kfid = desk(box)
    box.act(1, "kf_text", open_kfid=open_kfid, text="在吗")
    me = uid(box, 1)

    def move(state: int, **more: object) -> Any:
        body = {"open_kfid": open_kfid, "external_userid": me, "service_state": state, **more}
        return ask(box, "service_state/trans", **body)

    assert [move(4)["errcode"], move(0)["errcode"], move(3, servicer_userid="wangwu")["errcode"]] == [
        95016,
        95016,
        95014,
    ]
    pool = move(2)["msg_code"]
    assert ask(box, "send_msg", touser=me, open_kfid=open_kfid, **HELLO)["errcode"] == 95018
    menu = {"msgtype": "msgmenu", "msgmenu": {"list": [{"type": "click", "click": {"id": "1", "content": "好"}}]}}
    assert ask(box, "send_msg_on_event", code=pool, **menu)["errcode"] == 40008
    assert ask(box, "send_msg_on_event", code=pool, **HELLO)["errcode"] == 0
    assert move(3, servicer_userid="lisi")["errcode"] == 0
    here = ask(box, "service_state/get", open_kfid=open_kfid, external_userid=me)
    assert (here["service_state"], here["servicer_userid"]) == (3, "lisi")
    box.control("members/lisi/act", corpid="ww1", act="kf_reply", open_kfid=open_kfid, person=1, text="我来答")
    said = ask(box, "sync_msg", open_kfid=open_kfid)["msg_list"]
    assert [(m["origin"], m["text"]["content"]) for m in said] == [(3, "在吗"), (5, "我来答")]
    assert move(4)["errcode"] == 0
    assert ask(box, "send_msg", touser=me, open_kfid=open_kfid, **HELLO)["errcode"] == 95013
    box.act(1, "kf_text", open_kfid=open_kfid, text="又来了")
    assert ask(box, "service_state/get", open_kfid=open_kfid, external_userid=me)["service_state"] == 0


def test_bad_customer_service_calls_are_refused(box: Sandbox) -> None:
    open_kfid = desk(box)
    box.act(1, "kf_text", open_kfid=open_kfid, text="在吗")
    me = uid(box, 1)
    many = [{"type": "click", "click": {"id": str(n), "content": "项"}} for n in range(11)]
    for path, body, code in (
        ("account/add", {"name": "长" * 17}, 40035), ("account/add", {"name": "无头像"}, 40007),
        ("add_contact_way", {"open_kfid": "wk0"}, 95000), ("add_contact_way", {}, 95004),
        ("add_contact_way", {"open_kfid": open_kfid, "scene": "展会"}, 40035),
        ("sync_msg", {"open_kfid": open_kfid, "token": "old"}, 95007),
        ("sync_msg", {"open_kfid": open_kfid, "cursor": "x"}, 50100),
        ("send_msg", {"open_kfid": open_kfid, "touser": "wmno", **HELLO}, 40096),
        ("send_msg", {"open_kfid": open_kfid, "touser": me, "msgtype": "song"}, 40008),
        ("send_msg", {"open_kfid": open_kfid, "touser": me, "msgtype": "text", "text": {"content": "长" * 683}}, 45002),
        ("send_msg", {"open_kfid": open_kfid, "touser": me, "msgtype": "msgmenu", "msgmenu": {"list": many}}, 95008),
    ):  # fmt: skip
        assert ask(box, path, **body)["errcode"] == code, (path, body)
    assert [a["name"] for a in ask(box, "account/list")["account_list"]] == ["售前咨询"]
    assert ask(box, "account/update", open_kfid=open_kfid, name="售后")["errcode"] == 0
    assert ask(box, "account/list")["account_list"][0]["name"] == "售后"
    assert ask(box, "account/del", open_kfid=open_kfid)["errcode"] == 0
    assert ask(box, "account/list")["account_list"] == []


def test_people_arrive_by_the_link_ask_and_may_refuse(box: Sandbox) -> None:
    open_kfid = desk(box)
    box.control("people", count=1, model={"ask_rate": 1.0, "spread": 0.0})
    span = {"from": "2026-03-02T10:30:00+08:00", "to": "2026-03-02T11:00:00+08:00"}
    box.control("arrivals", key="a", open_kfid=open_kfid, scene="site", count=5, **span)
    box.move("2026-03-02T12:00:00+08:00")
    came, asked = (box.get("/_sandbox/acted", act=act)["persons"] for act in ("kf_enter", "kf_text"))
    assert len(came) == 5
    assert asked == came
    me = came[0]
    box.act(me, "kf_refuse", open_kfid=open_kfid)
    assert ask(box, "send_msg", touser=uid(box, me), open_kfid=open_kfid, msgid="m1", **HELLO)["errcode"] == 0
    told = ask(box, "sync_msg", open_kfid=open_kfid)["msg_list"][-1]["event"]
    assert (told["event_type"], told["fail_msgid"], told["fail_type"]) == ("msg_send_fail", "m1", 10)
    assert box.get("/_sandbox/received", route="kf", match="您好")["persons"] == []


def test_messages_are_read_seldom_without_a_token_in_a_minute_of_the_world(box: Sandbox) -> None:
    open_kfid = desk(box)
    codes = [ask(box, "sync_msg", open_kfid=open_kfid)["errcode"] for _ in range(11)]
    assert codes == [0] * 10 + [45009]
    box.move("2026-03-02T10:59:00+08:00")
    assert ask(box, "sync_msg", open_kfid=open_kfid)["errcode"] == 0, "an hour passed here, if not on this machine"
