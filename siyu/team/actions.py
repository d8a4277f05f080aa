"""Door: every write of the team."""

import hashlib
import secrets
from collections.abc import Sequence
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

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
    Role,
    SignInBlocked,
    Staff,
    UnknownScope,
    UseridTaken,
    WeakPassword,
    WrongPassword,
)

SESSION_SECONDS = 14 * 86400
"""Sessions live this long in machine time: under a scaled clock a business-time session would end in seconds."""
TRIES, TRY_SECONDS = 5, 15 * 60


@lru_cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache
def _decoy() -> str:
    return _hasher().hash(secrets.token_hex(16))


def fingerprint(token: str) -> str:
    """How a session token or API key is stored; both are random, so a plain SHA-256 suffices."""
    return hashlib.sha256(token.encode()).hexdigest()


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
    if password is not None and len(password) < 10:
        raise WeakPassword("the password needs at least 10 characters", field="password")
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
    try:
        _hasher().verify(row.password_hash if row is not None and known else _decoy(), password)
    except (VerifyMismatchError, InvalidHashError):
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
