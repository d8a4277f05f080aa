"""Tokens, quotas, windows and sends of the simulated Official Account, seen over HTTP only."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.crypto import decrypt, encrypt, sign
from tests.sandbox.conftest import Sandbox, Site

WECOM_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"


def test_crypto_vectors_of_the_platform() -> None:
    corp, token = "wx5823bf96d3bd56c7", "QDG6eK"
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    assert sign(token, "1409659589", "263014780", echo) == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert decrypt(WECOM_KEY, corp, echo) == "1616140317555161061"
    sealed = encrypt(WECOM_KEY, "wwsimcorp0000001", "hello 企微", b"1234567890123456")
    assert sealed == "y514aRT8yYkYNee3kPvkrAVgzcF9YdLPseR/8lrRMO3X+O4HuoOdLC3DueOcl2WT8jTf2rgR25jpr8s+ZbhoEA=="
    assert sign("simtoken01", "1700000000", "nonce123", sealed) == "b2b4da12032eedc677fec52d2c73a42bc005def5"
    assert sign("simtoken01", "1700000000", "nonce123") == "09bc80760b2837ca6fceabd1a0b6728ad8520949"


@given(st.text(max_size=300).filter(lambda t: "\ud800" not in t), st.text("abcwx0189", min_size=1, max_size=20))
def test_what_is_sealed_opens_again_for_its_receiver_only(text: str, owner: str) -> None:
    sealed = encrypt(WECOM_KEY, owner, text)
    assert decrypt(WECOM_KEY, owner, sealed) == text
    try:
        decrypt(WECOM_KEY, owner + "x", sealed)
    except ValueError:
        return
    raise AssertionError("another receiver could open it")


def test_tokens_are_replaced_expire_and_are_revoked(box: Sandbox) -> None:
    def code(token: str) -> int:
        return int(box.get("/oa/cgi-bin/get_api_domain_ip", access_token=token).get("errcode", 0))

    first, second = box.token(), box.token()
    assert (code(first), code(second), code("short"), code("")) == (0, 0, 40014, 41001)
    box.move("2026-03-02T10:06:00+08:00")
    assert (code(first), code(second)) == (40001, 0)
    box.move("2026-03-02T12:00:00+08:00")
    assert code(second) == 42001
    wrong = box.get("/oa/cgi-bin/token", grant_type="client_credential", appid="wxd", secret="no")
    assert wrong["errcode"] == 40001
    ask = {"grant_type": "client_credential", "appid": "wxd", "secret": "s"}
    stable = box.post("/oa/cgi-bin/stable_token", ask)
    box.move("2026-03-02T13:00:00+08:00")
    again = box.post("/oa/cgi-bin/stable_token", ask)
    assert again["access_token"] == stable["access_token"]
    assert again["expires_in"] == 3600
    forced = box.post("/oa/cgi-bin/stable_token", ask | {"force_refresh": True})["access_token"]
    assert (code(stable["access_token"]), code(forced)) == (40001, 0)
    assert box.post("/oa/cgi-bin/stable_token", ask | {"force_refresh": True})["errcode"] == 45011

    corp = box.wecom_token()
    assert box.wecom_token() == corp
    box.control("faults", revoke_tokens=True)
    assert code(forced) == 40001
    refused = box.get("/wecom/cgi-bin/department/list", access_token=corp)
    assert refused["errcode"] == 40014
    assert "hint" in refused["errmsg"]
    assert box.get("/wecom/cgi-bin/department/list", access_token=box.wecom_token())["errcode"] == 0


def test_faults_refuse_before_anything_is_done(box: Sandbox) -> None:
    token, openid = box.token(), box.followers(1)[0]
    box.act(1, "text", account="wxd", text="hi")
    message = {"touser": openid, "msgtype": "text", "text": {"content": "x"}}
    box.control("faults", ip_denied=True)
    assert box.oa("message/custom/send", message, token)["errcode"] == 40164
    assert box.get("/wecom/cgi-bin/gettoken", corpid="ww1", corpsecret="ws")["errcode"] == 60020
    box.control("faults", ip_denied=False, busy=1.0)
    assert box.oa("message/custom/send", message, token)["errcode"] == -1
    box.control("faults", busy=0)
    assert box.get("/_sandbox/received")["count"] == 0
    assert box.oa("message/custom/send", message, token)["errcode"] == 0
    assert box.get("/_sandbox/received")["count"] == 1
    assert box.control("faults", lose=2)["error"] == "bad_input"


def test_customer_messages_keep_to_their_windows(box: Sandbox) -> None:
    token, openids = box.token(), box.followers(2)

    def send(openid: str) -> int:
        body = {"touser": openid, "msgtype": "text", "text": {"content": "您好"}}
        return int(box.oa("message/custom/send", body, token)["errcode"])

    assert send("nobody") == 40003
    assert send(openids[0]) == 45015
    box.act(1, "text", account="wxd", text="在吗")
    assert [send(openids[0]) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    box.act(1, "text", account="wxd", text="再问")
    box.move("2026-03-04T09:59:00+08:00")
    token = box.token()
    assert send(openids[0]) == 0
    box.move("2026-03-04T10:00:00+08:00")
    assert send(openids[0]) == 45015
    # A menu click opens a minute of machine time, however far the virtual clock jumps meanwhile.
    box.act(1, "click_menu", account="wxd", key="K")
    box.move("2026-03-04T11:30:00+08:00")
    assert [send(openids[0]) for _ in range(4)] == [0, 0, 0, 45047]
    box.act(1, "text", account="wxd", text="还在")
    box.act(1, "block", account="wxd")
    assert send(openids[0]) == 48002
    box.act(2, "unsubscribe", account="wxd")
    assert send(openids[1]) == 43004


def test_a_mass_send_is_accepted_once_and_reports_counts(box: Sandbox, site: Site) -> None:
    openids, token = box.followers(6), box.token()
    box.act(5, "block", account="wxd")
    box.act(6, "unsubscribe", account="wxd")
    body = {"touser": openids, "msgtype": "text", "text": {"content": "新书"}, "clientmsgid": "k1"}
    assert box.oa("message/mass/send", body | {"touser": openids[:1]}, token)["errcode"] == 40032
    first = box.oa("message/mass/send", body, token)
    again = box.oa("message/mass/send", body, token)
    assert (first["errcode"], again["errcode"], again["msg_id"]) == (0, 45065, first["msg_id"])
    assert box.oa("message/mass/get", {"msg_id": first["msg_id"]}, token)["msg_status"] == "SENDING"
    assert box.get("/_sandbox/received")["count"] == 0
    box.move("2026-03-02T10:05:00+08:00")
    done = [c for c in site.callbacks() if c.get("Event") == "MASSSENDJOBFINISH"]
    counts = ("MsgID", "Status", "TotalCount", "FilterCount", "SentCount", "ErrorCount")
    assert [[c[k] for k in counts] for c in done] == [[str(first["msg_id"]), "send success", "6", "5", "4", "1"]]
    assert box.get("/_sandbox/received", route="oa_mass", match="新书")["uids"] == sorted(openids[:4])
    assert box.oa("message/mass/get", {"msg_id": first["msg_id"]}, token)["msg_status"] == "SEND_SUCCESS"


def test_the_fifth_mass_send_of_a_month_is_dropped_silently(box: Sandbox, site: Site) -> None:
    openids = box.followers(3)
    for day, to in ((3, openids), (4, openids), (5, openids), (6, openids[:2]), (7, openids)):
        text = {"content": f"第{day}天"}
        answer = box.oa("message/mass/send", {"touser": to, "msgtype": "text", "text": text})
        assert answer["errcode"] == 0
        box.move(f"2026-03-0{day}T12:00:00+08:00")
    assert box.get("/_sandbox/received", match="第7天")["uids"] == [openids[2]]
    box.move("2026-04-01T00:00:00+08:00")
    box.oa("message/mass/send", {"touser": openids, "msgtype": "text", "text": {"content": "四月"}})
    box.move("2026-04-01T12:00:00+08:00")
    assert box.get("/_sandbox/received", match="四月")["count"] == 3
    filtered = [c["FilterCount"] for c in site.callbacks() if c.get("Event") == "MASSSENDJOBFINISH"]
    assert filtered == ["3", "3", "3", "2", "1", "3"]


def test_minute_day_and_account_limits_of_mass_sends(box: Sandbox) -> None:
    box.followers(2)
    everybody = {"filter": {"is_to_all": True}, "msgtype": "text", "text": {"content": "大家好"}}
    token = box.token()
    assert box.oa("message/mass/sendall", everybody, token)["errcode"] == 0
    assert box.oa("message/mass/sendall", everybody, token)["errcode"] == 45028
    people = [p["openid"] for p in box.get("/_sandbox/people", account="wxd")["people"]]
    body = {"touser": people, "msgtype": "text", "text": {"content": "x"}}
    codes = [box.oa("message/mass/send", body, token)["errcode"] for _ in range(60)]
    assert codes == [0] * 59 + [45011]
    sub = {"appid": "wxs", "secret": "s", "kind": "sub", "quota_scale": 0.01}
    box.control("accounts", official_accounts=[sub])
    refused = box.oa("message/template/send", {"touser": "x"}, box.token("wxs"))
    assert refused["errcode"] == 48001
    # 2000 tokens a day, scaled down to 20: two are spent
    codes = [
        box.get("/oa/cgi-bin/token", grant_type="client_credential", appid="wxs", secret="s").get("errcode", 0)
        for _ in range(20)
    ]
    assert codes == [0] * 19 + [45009]


def test_an_article_reaches_people_with_its_link(box: Sandbox, site: Site) -> None:
    openids, token = box.followers(2), box.token()
    upload = box.client.post(
        f"{box.url}/oa/cgi-bin/material/add_material",
        params={"access_token": token, "type": "thumb"},
        files={"media": ("a.jpg", b"jpeg", "image/jpeg")},
    ).json()
    article = {
        "title": "电子书首发",
        "content": f'<p>正文 <a href="{site.url}/inside">看</a></p><script>x</script>',
        "thumb_media_id": upload["media_id"],
        "content_source_url": f"{site.url}/book?utm=1",
    }
    assert box.oa("draft/add", {"articles": [article | {"thumb_media_id": "no"}]}, token)["errcode"] == 40007
    draft = box.oa("draft/add", {"articles": [article]}, token)["media_id"]
    send = {"touser": openids, "msgtype": "mpnews", "mpnews": {"media_id": draft}}
    assert box.oa("message/mass/send", send, token)["errcode"] == 0
    box.move("2026-03-02T10:05:00+08:00")
    (content,) = box.get("/_sandbox/counts")["received"]
    assert (content["title"], content["url"], content["persons"]) == ("电子书首发", f"{site.url}/book", 2)
    shown = box.client.get(f"{box.url}/s/{draft}/1").text
    assert "正文" in shown
    assert "<script>" not in shown


def test_templates_are_delivered_once_per_key_and_report_blocks(box: Sandbox, site: Site) -> None:
    openids, token = box.followers(2), box.token()
    made = box.oa("template/api_add_template", {"template_id_short": "43216"}, token)["template_id"]
    listed = box.get("/oa/cgi-bin/template/get_all_private_template", access_token=token)["template_list"]
    assert [t["template_id"] for t in listed] == [made]
    values = {"thing1": {"value": "电子书"}, "time2": {"value": "3月4日"}, "thing3": {"value": "点击领取"}}
    body = {"touser": openids[0], "template_id": made, "url": f"{site.url}/r", "data": values, "client_msg_id": "c1"}
    assert box.oa("message/template/send", body | {"template_id": "no"}, token)["errcode"] == 40037
    assert box.oa("message/template/send", body | {"data": {}}, token)["errcode"] == 47003
    first = box.oa("message/template/send", body, token)
    assert box.oa("message/template/send", body, token)["msgid"] == first["msgid"]
    box.act(2, "block", account="wxd")
    other = box.oa("message/template/send", body | {"touser": openids[1]}, token)
    box.move("2026-03-02T10:01:00+08:00")
    done = {c["MsgID"]: c["Status"] for c in site.callbacks() if c.get("Event") == "TEMPLATESENDJOBFINISH"}
    assert done == {str(first["msgid"]): "success", str(other["msgid"]): "failed:user block"}
    got = box.get("/_sandbox/received", route="oa_template", match="点击领取")
    assert (got["uids"], got["messages"]) == ([openids[0]], 1)


def test_users_tags_and_codes(box: Sandbox, site: Site) -> None:
    openids, token = box.followers(3, scenes={"expo": 2}, tags={"读者": 2}), box.token()
    listed = box.get("/oa/cgi-bin/user/get", access_token=token)
    assert (listed["total"], sorted(listed["data"]["openid"])) == (3, sorted(openids))
    info = box.get("/oa/cgi-bin/user/info", access_token=token, openid=openids[0])
    assert info["subscribe"] == 1
    assert info["nickname"] == ""
    assert info["unionid"] == box.get("/_sandbox/people/1")["unionid"]
    asked = {"user_list": [{"openid": o} for o in openids]}
    batch = box.oa("user/info/batchget", asked, token)["user_info_list"]
    assert sorted(u["qr_scene_str"] for u in batch) == ["", "expo", "expo"]
    box.control("accounts", official_accounts=[{"appid": "wxd", "unionid_bound": False}])
    assert "unionid" not in box.get("/oa/cgi-bin/user/info", access_token=token, openid=openids[0])
    tag = box.oa("tags/create", {"tag": {"name": "潜客"}}, token)["tag"]["id"]
    assert box.oa("tags/create", {"tag": {"name": "潜客"}}, token)["errcode"] == 45157
    assert box.oa("tags/members/batchtagging", {"openid_list": openids, "tagid": tag}, token)["errcode"] == 0
    assert (
        box.oa("tags/members/batchtagging", {"openid_list": [*openids, "no"], "tagid": tag}, token)["errcode"] == 40003
    )
    counts = {t["name"]: t["count"] for t in box.get("/oa/cgi-bin/tags/get", access_token=token)["tags"]}
    assert counts == {"星标组": 0, "读者": 2, "潜客": 3}
    scene = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "wave"}}, "expire_seconds": 600}
    ticket = box.oa("qrcode/create", scene, token)["ticket"]
    assert box.client.get(f"{box.url}/oa/cgi-bin/showqrcode", params={"ticket": ticket}).status_code == 200
    assert box.client.get(f"{box.url}/oa/cgi-bin/showqrcode", params={"ticket": "no"}).status_code == 404
    newcomer = box.control("people", count=1)["first"]
    box.act(newcomer, "scan", account="wxd", ticket=ticket)
    box.act(1, "scan", account="wxd", ticket=ticket)
    events = [(c["Event"], c["EventKey"], c["Ticket"] == ticket) for c in site.callbacks()]
    assert events == [("subscribe", "qrscene_wave", True), ("SCAN", "wave", True)]
    broken = box.client.post(f"{box.url}/oa/cgi-bin/tags/create", params={"access_token": token}, content=b"{")
    assert json.loads(broken.text)["errcode"] == 47001


@pytest.mark.parametrize("own", [{"leave_rate": 0}, {"click_rate": "often"}, {"click_rate": -1}, ["click_rate"]])
def test_habits_that_are_none_are_refused_where_they_are_given(box: Sandbox, own: object) -> None:
    asked = {"people": [{"name": "张伟", "habits": own}]}
    answer = box.client.post(f"{box.url}/_sandbox/people", json=asked)
    assert answer.status_code == 422
    assert "habit" in answer.text or "leave_rate" in answer.text
    made = box.client.post(
        f"{box.url}/_sandbox/people", json={"people": [{"name": "张伟", "habits": {"click_rate": 0}}]}
    )
    assert made.status_code == 200
