"""Door: changes of groups as WeCom reports them, groups and join ways as stored, errors."""

from dataclasses import dataclass
from datetime import datetime

from siyu.kernel.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class ChatChange:
    """One change_external_chat callback. ``change``: create, update or dismiss; ``detail`` such as add_member.

    ``members`` are userids or external_userids; the versions are those of the member list before and after.
    """

    account_id: int
    chat_id: str
    change: str
    detail: str
    members: tuple[str, ...]
    scene: str
    version_before: str
    version_after: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MemberRead:
    """One member as groupchat/get lists it. ``staff``: a member of the company, else from outside."""

    member: str
    staff: bool
    joined_at: datetime
    scene: str
    state: str
    name: str
    unionid: str


@dataclass(frozen=True, slots=True)
class ChatRead:
    """One group as groupchat/get answered it at ``read_at``.

    ``since``: when Siyu began to hear this account; who came before is taken over without an event.
    """

    account_id: int
    corpid: str
    chat_id: str
    name: str
    owner: str
    notice: str
    created_at: datetime
    version: str
    members: tuple[MemberRead, ...]
    read_at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Chat:
    """A customer group; ``customers`` of its ``people`` (members from outside) are known to Siyu."""

    account_id: int
    chat_id: str
    name: str
    owner: str
    created_at: datetime | None
    dismissed_at: datetime | None
    people: int
    customers: int


@dataclass(frozen=True, slots=True)
class JoinWay:
    """A way to join a group; ``qr_code`` is the address of its QR code or page. ``state`` names the channel."""

    join_way_id: int
    account_id: int
    config_id: str
    remark: str
    state: str
    chat_ids: tuple[str, ...]
    qr_code: str
    created_at: datetime
    deleted_at: datetime | None


class UnknownChat(NotFound):
    """No group of this account has this id."""

    code = "unknown_chat"


class BadJoinWay(Invalid):
    """A field of the join way is outside the platform's limits."""

    code = "bad_join_way"
