"""Door: every write of the team."""

import hashlib
import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Row

from siyu.kernel import audit, notices
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import lock
from siyu.kernel.errors import NotFound
from siyu.team import queries, store
from siyu.team.queries import as_staff
from siyu.team.types import (
    SCOPES,
    DirectoryMember,
    LoginTaken,
    NoLogin,
    OwnPassword,
    Role,
    SamePassword,
    SignInBlocked,
    Staff,
    UnknownScope,
    UseridTaken,
    WeakPassword,
    WrongCurrentPassword,
    WrongPassword,
)

SESSION_SECONDS = 14 * 86400
"""Sessions live this long in machine time: under a scaled clock a business-time session would end in seconds."""
TRIES, TRY_SECONDS = 5, 15 * 60
LEAST = 10
"""Characters of a password."""


@lru_cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache
def _decoy() -> str:
    return _hasher().hash(secrets.token_hex(16))


def fingerprint(token: str) -> str:
    """How a session token or API key is stored; both are random, so a plain SHA-256 suffices."""
    return hashlib.sha256(token.encode()).hexdigest()


def _strong(password: str, field: str) -> None:
    if len(password) < LEAST:
        raise WeakPassword(f"the password needs at least {LEAST} characters", field=field)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher().verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def add_staff(
    ctx: Ctx,
    *,
    name: str,
    roles: Sequence[Role],
    login: str | None = None,
    password: str | None = None,
    userid: str | None = None,
) -> int:
    """Add a staff member; returns staff_id. Raises LoginTaken, UseridTaken, WeakPassword."""
    if password is not None:
        _strong(password, "password")
    staff_id = store.add_staff(
        ctx,
        login=login,
        password_hash=_hasher().hash(password) if password else None,
        name=name,
        userid=userid,
        departments=[],
        roles=list(roles),
        active=True,
        switched_off=False,
    )
    if staff_id is None:
        if login is not None and store.staff_by(ctx, login=login) is not None:
            raise LoginTaken("another staff member has this login", field="login")
        raise UseridTaken("another staff member has this userid", field="userid")
    audit.record(ctx, "team.add_staff", "staff", staff_id, roles=list(roles))
    return staff_id


def change_staff(ctx: Ctx, staff_id: int, *, roles: Sequence[Role] | None = None, active: bool | None = None) -> None:
    """Change roles or switch a staff member on or off; switching off ends the sessions. Raises NotFound."""
    values: dict[str, object] = {}
    if roles is not None:
        values["roles"] = list(roles)
    if active is not None:
        values |= {"active": active, "switched_off": not active}
    if values and not store.change_staff(ctx, staff_id, **values):
        raise NotFound("no such staff member", field="staff_id")
    if active is False:
        store.drop_sessions_of(ctx, staff_id)
    if active is not None:
        notices.write(ctx, "team.staff_switched", staff_id=staff_id)
    said = {name: value for name, value in values.items() if name != "switched_off"}
    audit.record(ctx, "team.change_staff", "staff", staff_id, **said)


def sign_in(ctx: Ctx, login: str, password: str) -> tuple[Staff, str] | None:
    """Check a password. Answers (staff, session token), or None when login or password is wrong.

    The caller must let the transaction commit in both cases, because the failed try is a row. Raises
    SignInBlocked after five wrong passwords within 15 minutes of machine time.
    """
    at = machine()
    # One after the other for each login: together, a hundred tries would all be counted before the first one failed.
    lock(ctx, f"sign-in:{login}")
    if store.attempts_since(ctx, login, at - TRY_SECONDS) >= TRIES:
        raise SignInBlocked("too many wrong passwords; wait 15 minutes", field="login")
    row = store.staff_by(ctx, login=login)
    known = row is not None and row.active and row.password_hash is not None
    if not _matches(row.password_hash if row is not None and known else _decoy(), password):
        known = False
    if row is None or not known:
        store.add_attempt(ctx, login, at)
        return None
    store.forget_attempts(ctx, login)
    token = secrets.token_urlsafe(32)
    store.add_session(ctx, fingerprint(token), row.staff_id, at + SESSION_SECONDS)
    audit.record(ctx, "team.sign_in", "staff", row.staff_id)
    return as_staff(row), token


def refuse() -> WrongPassword:
    """The one error for a wrong login and a wrong password."""
    return WrongPassword("login or password is wrong", field="password")


def sign_out(ctx: Ctx, token: str) -> None:
    """End a session; an unknown token is ignored."""
    store.drop_session(ctx, fingerprint(token))


def sign_out_everywhere(ctx: Ctx, staff_id: int) -> None:
    """End all sessions of a staff member. Raises NotFound."""
    if queries.member(ctx, staff_id) is None:
        raise NotFound("no such staff member", field="staff_id")
    store.drop_sessions_of(ctx, staff_id)
    audit.record(ctx, "team.sign_out_everywhere", "staff", staff_id)


def change_password(ctx: Ctx, staff_id: int, current: str, new: str) -> str | None:
    """Change one's own password: all sessions end, the answer is the token of a new one. None: ``current`` is wrong.

    The caller must let the transaction commit in both cases, because the failed try is a row. Raises WeakPassword,
    SamePassword, NoLogin, and SignInBlocked after five wrong tries within 15 minutes of machine time.
    """
    _strong(new, "new")
    row = _with_login(ctx, staff_id)
    at, tries = machine(), f"\x1fchange:{staff_id}"
    if store.attempts_since(ctx, tries, at - TRY_SECONDS) >= TRIES:
        raise SignInBlocked("too many wrong passwords; wait 15 minutes", field="current")
    if not _matches(row.password_hash or _decoy(), current) or row.password_hash is None:
        store.add_attempt(ctx, tries, at)
        return None
    if new == current:
        raise SamePassword("the new password is the one in use", field="new")
    store.forget_attempts(ctx, tries)
    _give(ctx, row, new, "team.change_password")
    token = secrets.token_urlsafe(32)
    store.add_session(ctx, fingerprint(token), staff_id, at + SESSION_SECONDS)
    return token


def reset_password(ctx: Ctx, staff_id: int, password: str) -> None:
    """Give another staff member a password; their sessions end. Raises WeakPassword, NotFound, NoLogin, OwnPassword."""
    _strong(password, "password")
    if ctx.actor.kind == "staff" and ctx.actor.id == staff_id:
        raise OwnPassword("change your own password with the present one", field="staff_id")
    _give(ctx, _with_login(ctx, staff_id), password, "team.reset_password")


def _with_login(ctx: Ctx, staff_id: int) -> Row[Any]:
    """The staff member's row, while nobody signs in with the login: else a try that began with the old password would
    end as a session after all others ended."""
    row = store.staff_by(ctx, staff_id=staff_id)
    if row is None:
        raise NotFound("no such staff member", field="staff_id")
    if row.login is None:
        raise NoLogin("this staff member has no login to sign in with", field="staff_id")
    lock(ctx, f"sign-in:{row.login}")
    again = store.staff_by(ctx, staff_id=staff_id)
    assert again is not None, "staff members are switched off, never deleted"
    return again


def _give(ctx: Ctx, row: Row[Any], password: str, action: str) -> None:
    store.change_staff(ctx, row.staff_id, password_hash=_hasher().hash(password))
    store.forget_attempts(ctx, row.login)
    store.drop_sessions_of(ctx, row.staff_id)
    audit.record(ctx, action, "staff", row.staff_id)


def refuse_current() -> WrongCurrentPassword:
    """The error for a wrong present password."""
    return WrongCurrentPassword("the present password is wrong", field="current")


def add_key(ctx: Ctx, name: str, scopes: Sequence[str]) -> tuple[int, str]:
    """Make an API key; returns (key_id, the key, shown only now). Raises UnknownScope."""
    for index, scope in enumerate(scopes):
        if scope not in SCOPES:
            raise UnknownScope(f"there is no scope {scope}", field=f"scopes.{index}", detail={"scopes": list(SCOPES)})
    key = "siyu_" + secrets.token_urlsafe(32)
    key_id = store.add_key(ctx, name, key[:10], fingerprint(key), scopes)
    audit.record(ctx, "team.add_key", "api_key", key_id, scopes=list(scopes))
    return key_id, key


def revoke_key(ctx: Ctx, key_id: int) -> None:
    """End an API key at once; raises NotFound."""
    if not store.revoke_key(ctx, key_id):
        raise NotFound("no such live API key", field="key_id")
    audit.record(ctx, "team.revoke_key", "api_key", key_id)


def save_directory(ctx: Ctx, members: Sequence[DirectoryMember]) -> int:
    """Take over WeCom's directory: new members become staff with the role sales; returns the rows written.

    Roles, logins and passwords stay as they are, and so does who was switched off here (``change_staff``).
    Members that the list does not name are left alone, because an app sees only its visible range.
    """
    unique = {member.userid: member for member in members}
    if not unique:
        return 0
    rows = [unique[userid] for userid in sorted(unique)]
    before = {one.staff_id: one.active for one in queries.staff(ctx)}
    written = store.merge_directory(
        ctx,
        [m.userid for m in rows],
        [m.name for m in rows],
        [m.active for m in rows],
        [",".join(m.departments) for m in rows],
    )
    store.drop_sessions_of_the_inactive(ctx)
    for one in queries.staff(ctx):  # set-loop: the few who came back or left since the last directory
        if before.get(one.staff_id, one.active) != one.active:
            notices.write(ctx, "team.staff_switched", staff_id=one.staff_id)
    return written
