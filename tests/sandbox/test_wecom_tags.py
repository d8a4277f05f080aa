"""Corp tags, who may change which, what raises callbacks and what not; app messages to members."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Sandbox, Site

OUT = "/wecom/cgi-bin/externalcontact"
TAGS = {"group_name": "意向", "tag": [{"name": "高"}, {"name": "低", "order": 9}, {"name": "高"}]}


def ask(box: Sandbox, path: str, **body: object) -> Any:
    """A call below externalcontact/."""
    return box.post(f"{OUT}/{path}", body, access_token=box.wecom_token())


def member(box: Sandbox, act: str, **more: object) -> Any:
    """An act of lisi in the client or the console."""
    return box.control("members/lisi/act", corpid="ww1", act=act, **more)


def taxonomy(box: Sandbox, **only: object) -> dict[str, list[str]]:
    """Group → tags by the platform's list."""
    found = ask(box, "get_corp_tag_list", **only)["tag_group"]
    return {g["group_name"]: [t["name"] for t in g["tag"]] for g in found}


def ids(box: Sandbox) -> dict[str, str]:
    """Ids of tags and groups by name."""
    found = ask(box, "get_corp_tag_list")["tag_group"]
    return {t["name"]: t["id"] for g in found for t in g["tag"]} | {g["group_name"]: g["group_id"] for g in found}


def test_tags_are_added_renamed_and_deleted_with_their_group(box: Sandbox, site: Site) -> None:
    made = ask(box, "add_corp_tag", **TAGS)["tag_group"]
    assert [t["name"] for t in made["tag"]] == ["低", "高"]
    again = ask(box, "add_corp_tag", group_name="意向", tag=[{"name": "中"}])["tag_group"]
    assert (again["group_id"], [t["name"] for t in again["tag"]]) == (made["group_id"], ["中"])
    assert taxonomy(box) == {"意向": ["低", "高", "中"]}
    by_name = ids(box)
    assert taxonomy(box, tag_id=[by_name["中"]]) == {"意向": ["中"]}
    assert taxonomy(box, group_id=[made["group_id"]]) == {"意向": ["低", "高", "中"]}
    assert ask(box, "edit_corp_tag", id=by_name["中"], name="一般", order=10)["errcode"] == 0
    assert ask(box, "edit_corp_tag", id=made["group_id"], name="意向度")["errcode"] == 0
    assert taxonomy(box) == {"意向度": ["一般", "低", "高"]}
    for path, body, code in (
        ("add_corp_tag", TAGS | {"group_name": "意向度"}, 40071), ("add_corp_tag", {"group_name": "空"}, 40058),
        ("add_corp_tag", {"group_id": "et0", "tag": [{"name": "a"}]}, 40068),
        ("add_corp_tag", {"group_name": "g", "tag": [{"name": "长" * 31}]}, 40035),
        ("add_corp_tag", {"group_name": "g", "tag": [{"name": " "}]}, 40058),
        ("edit_corp_tag", {"id": by_name["高"], "name": "低"}, 40071), ("edit_corp_tag", {"id": "et0"}, 40068),
        ("edit_corp_tag", {"id": by_name["高"]}, 40058), ("del_corp_tag", {}, 40058),
        ("del_corp_tag", {"tag_id": ["et0"]}, 40068),
    ):  # fmt: skip
        assert ask(box, path, **body)["errcode"] == code, (path, body)
    other = {"agentid": 1000009, "secret": "second"}
    box.control("accounts", wecom=[{"corpid": "ww1", "apps": [other]}])
    foreign = box.post(f"{OUT}/del_corp_tag", {"tag_id": [by_name["高"]]}, access_token=box.wecom_token("second"))
    assert foreign["errcode"] == 41058
    assert taxonomy(box) == {"意向度": ["一般", "低", "高"]}
    assert ask(box, "del_corp_tag", tag_id=[by_name["高"], by_name["低"], by_name["中"]])["errcode"] == 0
    assert taxonomy(box) == {}
    assert site.calls("/cbw") == [], "what the API does raises no callbacks"


def test_marks_belong_to_the_pair_and_select_recipients(box: Sandbox) -> None:
    ask(box, "add_corp_tag", **TAGS)
    by_name = ids(box)
    since = {"corpid": "ww1", "userids": ["lisi"], "at": "2026-01-05T09:00:00+08:00"}
    box.control("people", count=2, seed=7, contacts=[since])
    uid, plain = box.get(f"{OUT}/list", access_token=box.wecom_token(), userid="lisi")["external_userid"]
    box.act(uid, "add_member", corpid="ww1", userid="wangwu")

    def mark(**body: object) -> int:
        return int(ask(box, "mark_tag", **{"userid": "lisi", "external_userid": uid, **body})["errcode"])

    def marks() -> dict[str, list[str]]:
        token = box.wecom_token()
        follows = box.get(f"{OUT}/get", access_token=token, external_userid=uid)["follow_user"]
        return {f["userid"]: [t["tag_name"] for t in f["tags"]] for f in follows}

    assert [mark(add_tag=[by_name["高"], by_name["低"]]), mark(add_tag=[by_name["高"]])] == [0, 0]
    assert mark(add_tag=[by_name["高"]], remove_tag=[by_name["低"]]) == 0
    assert marks() == {"lisi": ["高"], "wangwu": []}
    batch = ask(box, "batch/get_by_user", userid_list=["lisi"])["external_contact_list"]
    assert {c["external_contact"]["external_userid"]: c["follow_info"]["tag_id"] for c in batch} == {
        uid: [by_name["高"]],
        plain: [],
    }
    assert [mark(), mark(add_tag=["et0"]), mark(add_tag=[by_name["高"]], userid="nobody")] == [41111, 40068, 40003]
    assert mark(add_tag=[by_name["高"]], external_userid=plain, userid="wangwu") == 84061
    box.control("faults", tag_conflict=1.0)
    assert mark(remove_tag=[by_name["高"]]) == 45035
    box.control("faults", tag_conflict=0)
    assert marks()["lisi"] == ["高"]
    wanted = {"group_list": [{"tag_list": [by_name["高"], by_name["低"]]}]}
    made = ask(box, "add_msg_template", tag_filter=wanted, text={"content": "给高意向"})["msgid"]
    (sent,) = box.get("/_sandbox/broadcasts")["broadcasts"]
    assert (sent["msgid"], [(t["userid"], t["unsent"]) for t in sent["tasks"]]) == (made, [("lisi", 1)])
    wanted["group_list"].append({"tag_list": [by_name["低"]]})
    assert ask(box, "add_msg_template", tag_filter=wanted, text={"content": "两组都要"})["errcode"] == 41048
    ask(box, "del_corp_tag", tag_id=[by_name["高"]])
    assert marks()["lisi"] == []


def test_hands_raise_what_the_api_does_not(box: Sandbox, site: Site) -> None:
    since = {"corpid": "ww1", "userids": ["lisi"], "at": "2026-01-05T09:00:00+08:00"}
    box.control("people", count=1, seed=7, contacts=[since])
    member(box, "tag_create", group="来源", name="展会")
    by_name = ids(box)
    member(box, "tag_rename", id=by_name["展会"], name="春展")
    member(box, "tag", person=1, add=[by_name["展会"]])
    assert ask(box, "del_corp_tag", tag_id=[by_name["展会"]])["errcode"] == 41058, "the console made it"
    member(box, "tag_delete", id=by_name["来源"])
    member(box, "tag_shuffle")
    assert member(box, "tag_delete", id="et0")["error"] == "unknown"
    said = [(c["ChangeType"], c.get("TagType"), c.get("Id")) for c in site.callbacks("ww1")]
    assert said == [
        ("create", "tag_group", by_name["来源"]),
        ("create", "tag", by_name["展会"]),
        ("update", "tag", by_name["展会"]),
        ("edit_external_contact", None, None),
        ("delete", "tag_group", by_name["来源"]),
        ("shuffle", None, ""),
    ]
    assert taxonomy(box) == {}


def test_app_messages_reach_members(box: Sandbox) -> None:
    def send(**body: object) -> Any:
        whole = {"touser": "lisi|nobody", "msgtype": "text", "agentid": 1000002, "text": {"content": "有新线索"}}
        return box.post("/wecom/cgi-bin/message/send", {**whole, **body}, access_token=box.wecom_token())

    def got() -> list[tuple[str, str, str]]:
        entries = box.get("/_sandbox/log", kind="staff_received")["entries"]
        return [(e["uid"], e["name"], e["result"]) for e in entries]

    first = send()
    assert (first["errcode"], first["invaliduser"]) == (0, "nobody")
    card = {"title": "今日机会", "description": "3 位客户", "url": "https://example.com/desk"}
    assert send(touser="@all", msgtype="textcard", textcard=card)["errcode"] == 0
    assert send(touser="", toparty="1", enable_duplicate_check=1)["errcode"] == 0
    assert send(enable_duplicate_check=1)["errcode"] == 0, "a repetition is dropped without a word"
    assert got() == [
        ("lisi", "有新线索", ""), ("lisi", "今日机会", ""), ("wangwu", "今日机会", ""), ("wangwu", "有新线索", ""),
    ]  # fmt: skip
    for body, code in (
        ({"touser": "nobody"}, 81013), ({"touser": ""}, 82001), ({"agentid": 1}, 40056), ({"msgtype": "song"}, 40008),
        ({"text": {"content": ""}}, 40058), ({"msgtype": "image", "image": {"media_id": "x"}}, 40007),
        ({"msgtype": "textcard", "textcard": card | {"title": "长" * 129}}, 45002),
        ({"msgtype": "template_card", "template_card": {"card_type": "text_notice"}}, 40058),
    ):  # fmt: skip
        assert send(**body)["errcode"] == code, body
    recalled = box.post("/wecom/cgi-bin/message/recall", {"msgid": first["msgid"]}, access_token=box.wecom_token())
    assert recalled["errcode"] == 0
    assert got()[0] == ("lisi", "有新线索", "recalled")
    for number in range(40):
        send(text={"content": f"第 {number} 条"})
    assert len([1 for uid, _, _ in got() if uid == "lisi"]) == 30
