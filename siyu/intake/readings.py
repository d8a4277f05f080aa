"""Private: what the platforms' answers mean. Pure: one function per list or object read."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from siyu.customers.types import Follow, NewEvent, Record, Touch, oa_source, wecom_source
from siyu.groups.types import ChatRead, MemberRead
from siyu.intake import official_account, tagging, wecom
from siyu.intake.types import Arrival, Known
from siyu.outreach.types import UNKNOWN, Receipt
from siyu.team.types import DirectoryMember

TELLABLE = timedelta(days=34)
"""What is older is no news for the timeline; follows keep their time all the same."""


def objects(value: object) -> list[Mapping[str, object]]:
    """The objects of a list that a platform answered."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def part(value: object, name: str) -> Mapping[str, object]:
    """An object inside an object, empty when it is missing."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def said(value: Mapping[str, object], name: str) -> str:
    """A field as text; numbers become text, None and missing become empty."""
    found = value.get(name)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def moment(value: Mapping[str, object], name: str) -> datetime | None:
    """A field in Unix seconds; None when it is missing, 0 or no time."""
    found = value.get(name)
    if not isinstance(found, int) or found <= 0:
        return None
    try:
        return datetime.fromtimestamp(found, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def follower(
    info: Mapping[str, object], account_id: int, since: datetime, now: datetime, *, heal: bool
) -> Arrival | None:
    """One entry of user/info: the unionid, and with ``heal`` the follow whose callback was lost.

    ``since``: when Siyu began to hear this account; older follows are taken over without an event. None for one who
    does not follow: the unsubscribe callback or the next reconciliation tells of that.
    """
    openid, at = said(info, "openid"), moment(info, "subscribe_time")
    if not openid or info.get("subscribe") == 0 or at is None:
        return None
    unionid = said(info, "unionid")
    scene = said(info, "qr_scene_str") or (said(info, "qr_scene") if info.get("qr_scene") else "")
    identities = official_account.person(account_id, openid, unionid)
    arrival = Arrival(account_id, at, Record(oa_source(account_id), f"{openid}:{unionid}", identities, at))
    arrival = replace(arrival, carried=tagging.of_follower(info, account_id))
    if not heal:
        return arrival
    touch = Touch("oa_scene", scene) if scene else Touch("oa_follow")
    record = Record(
        oa_source(account_id),
        f"{openid}:{unionid}:{touch.kind}:{touch.code}:{int(at.timestamp())}",
        identities,
        at,
        touch=touch,
    )
    arrival = replace(arrival, record=record, follow=Follow(0, "oa", account_id, at, scene=scene or None))
    if at < since or at < now - TELLABLE:
        return arrival
    return replace(arrival, events=(official_account.followed(account_id, openid, at, scene),), window="follow")


def contact(
    external: Mapping[str, object], follow: Mapping[str, object], known: Known, since: datetime, now: datetime
) -> Arrival | None:
    """One relation of externalcontact/get or batch/get_by_user: identities, name, the follow, and its event if new."""
    name, staff = said(external, "external_userid"), said(follow, "userid")
    at = moment(follow, "createtime")
    if not name or not staff or at is None:
        return None
    attributes: dict[str, object] = {}
    if said(external, "name"):
        attributes["name"] = said(external, "name")
    if external.get("gender") in (1, 2):
        attributes["gender"] = "male" if external.get("gender") == 1 else "female"
    company = said(external, "corp_full_name") or said(external, "corp_name") or said(follow, "remark_corp_name")
    if company:
        attributes["company"] = company
    if said(external, "position"):
        attributes["position"] = said(external, "position")
    state, unionid = said(follow, "state"), said(external, "unionid")
    touch = Touch("wecom_state", state) if state else Touch("wecom_add", params={"staff": staff})
    record = Record(
        wecom_source(known.home_id),
        f"{name}:{staff}:{int(at.timestamp())}:{official_account.short(repr(sorted(attributes.items())) + unionid)}",
        wecom.person(known.corpid, name, unionid),
        now,
        attributes=attributes,
        touch=touch if at >= since else None,
    )
    following = Follow(
        0, "wecom", known.home_id, at, staff=staff, scene=state or None, remark=said(follow, "remark") or None
    )
    events: tuple[NewEvent, ...] = ()
    if at >= since and at >= now - TELLABLE:
        way = follow.get("add_way")
        told = way if isinstance(way, int) else 0
        events = (wecom.contact_added(known, staff, name, at, state, add_way=told),)
    return Arrival(
        known.home_id, at, record, events, following, carried=tagging.of_contact(follow, known.home_id, staff)
    )


def contacts(data: Mapping[str, object], known: Known, since: datetime, now: datetime) -> list[Arrival]:
    """A page of batch/get_by_user."""
    found = (
        contact(part(row, "external_contact"), part(row, "follow_info"), known, since, now)
        for row in objects(data.get("external_contact_list"))
    )
    return [arrival for arrival in found if arrival]


def contact_of(data: Mapping[str, object], known: Known, since: datetime, now: datetime) -> list[Arrival]:
    """An answer of externalcontact/get: one arrival per staff member who follows."""
    external = part(data, "external_contact")
    found = (contact(external, follow, known, since, now) for follow in objects(data.get("follow_user")))
    return [arrival for arrival in found if arrival]


def chat(data: Mapping[str, object], known: Known, since: datetime, now: datetime) -> ChatRead | None:
    """An answer of groupchat/get."""
    group = part(data, "group_chat")
    created = moment(group, "create_time")
    if not said(group, "chat_id") or created is None:
        return None
    members = tuple(_member(row, created) for row in objects(group.get("member_list")) if said(row, "userid"))
    return ChatRead(
        account_id=known.home_id,
        corpid=known.corpid,
        chat_id=said(group, "chat_id"),
        name=said(group, "name"),
        owner=said(group, "owner"),
        notice=said(group, "notice"),
        created_at=created,
        version=said(group, "member_version"),
        members=members,
        read_at=now,
        since=since,
    )


def _member(row: Mapping[str, object], created: datetime) -> MemberRead:
    return MemberRead(
        member=said(row, "userid"),
        staff=row.get("type") == 1,
        joined_at=moment(row, "join_time") or created,
        scene=said(row, "join_scene"),
        state=said(row, "state"),
        name=said(row, "name") or said(row, "group_nickname"),
        unionid=said(row, "unionid"),
    )


def mass(
    data: Mapping[str, object], account_id: int, platform_id: str, now: datetime, *, last: bool = False
) -> Receipt | None:
    """An answer of mass/get as the receipt that did not come; None while the platform is still sending, unless it is
    the ``last`` time of asking: then the fate is unknown."""
    status = said(data, "msg_status")
    if status in ("", "SENDING"):
        return Receipt(account_id, "mass", platform_id, UNKNOWN, now) if last else None
    told = "send success" if status == "SEND_SUCCESS" else status.lower().replace("_", " ")
    return Receipt(account_id, "mass", platform_id, told, now)


def directory(departments: object, users: Iterable[Mapping[str, object]]) -> list[DirectoryMember]:
    """The members of department/list and user/list, each once, with the names of their departments."""
    names = {row.get("id"): said(row, "name") or said(row, "id") for row in objects(departments)}
    found: dict[str, DirectoryMember] = {}
    for user in users:
        listed = user.get("department")
        own = [names.get(one, str(one)) for one in listed] if isinstance(listed, list) else []
        userid = said(user, "userid")
        if userid:
            found[userid] = DirectoryMember(userid, said(user, "name") or userid, own, user.get("status", 1) == 1)
    return list(found.values())
