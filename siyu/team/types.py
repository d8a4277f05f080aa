"""Door: staff, roles, permissions, errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from siyu.kernel.errors import Conflict, Invalid, TooMany, Unauthenticated

Role = Literal["operator", "sales", "manager", "admin"]

_ROOMS = (
    "customers",
    "tags",
    "segments",
    "lifecycle",
    "content",
    "journeys",
    "outreach",
    "platforms",
    "intake",
    "groups",
    "experiments",
    "tasks",
    "channels",
    "replies",
    "workdays",
)
_READ = frozenset(f"{room}.read" for room in _ROOMS) | {"team.read"}
_OPERATE = frozenset(f"{room}.write" for room in _ROOMS if room not in ("platforms", "intake")) | {
    "customers.import",
    "tasks.all",
}

ROLES: dict[Role, frozenset[str]] = {
    "operator": _READ | _OPERATE,
    "sales": frozenset(
        {
            "customers.read",
            "customers.write",
            "tags.read",
            "tags.write",
            "content.read",
            "segments.read",
            "lifecycle.read",
            "journeys.read",
            "replies.read",
            "tasks.read",
            "tasks.write",
        }
    ),
    "manager": _READ | frozenset({"customers.phones", "tasks.write", "tasks.all"}),
    "admin": frozenset({"*"}),
}
"""What each role may do. ``*`` is every permission."""

SCOPES: tuple[str, ...] = tuple(
    sorted(_READ | _OPERATE | {"customers.phones", "platforms.write", "intake.write", "team.read"})
)
"""The scopes that an API key may carry."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A staff member (员工). ``userid`` is the WeCom member id when the directory knows the person."""

    staff_id: int
    login: str | None
    name: str
    userid: str | None
    departments: tuple[str, ...]
    roles: tuple[Role, ...]
    active: bool

    @property
    def permissions(self) -> frozenset[str]:
        """The union over the roles."""
        return frozenset().union(*(ROLES[role] for role in self.roles))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it may be shown: never the key itself, only its first characters."""

    key_id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class DirectoryMember:
    """One member as WeCom's directory states it (docs/platform.md A.4); ``active`` is status 1."""

    userid: str
    name: str
    departments: Sequence[str]
    active: bool


class WrongPassword(Unauthenticated):
    """Login or password is wrong; which of them is not said."""

    code = "wrong_password"


class SignInBlocked(TooMany):
    """Five wrong passwords within 15 minutes; wait before the next try."""

    code = "sign_in_blocked"


class LoginTaken(Conflict):
    """Another staff member has this login."""

    code = "login_taken"


class UseridTaken(Conflict):
    """Another staff member has this WeCom userid."""

    code = "userid_taken"


class WeakPassword(Invalid):
    """The password has fewer than 10 characters."""

    code = "weak_password"


class WrongCurrentPassword(Invalid):
    """One's own password, which a change asks for once more, is wrong."""

    code = "wrong_current_password"


class SamePassword(Invalid):
    """The new password is the one that is in use."""

    code = "same_password"


class NoLogin(Conflict):
    """The staff member has no login, so a password would open nothing."""

    code = "no_login"


class OwnPassword(Conflict):
    """One's own password is changed with the present one, not as somebody else's."""

    code = "own_password"


class UnknownScope(Invalid):
    """The API key asks for a scope that does not exist."""

    code = "unknown_scope"
