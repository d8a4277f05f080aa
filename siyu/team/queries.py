"""Door: reads of the team."""

from typing import Any, cast

from sqlalchemy import Row

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Actor, Ctx
from siyu.team import store
from siyu.team.types import ApiKey, Role, Staff


def as_staff(row: Row[Any]) -> Staff:
    """A staff row as the frozen type."""
    roles = cast("tuple[Role, ...]", tuple(row.roles))
    return Staff(row.staff_id, row.login, row.name, row.userid, tuple(row.departments), roles, row.active)


def actor_of(member: Staff) -> Actor:
    """The actor that a signed-in staff member is."""
    return Actor("staff", f"staff:{member.staff_id}", member.staff_id, member.permissions)


def by_session(ctx: Ctx, token_hash: str) -> Staff | None:
    """The active staff member of a live session."""
    row = store.staff_of_session(ctx, token_hash, machine())
    return as_staff(row) if row else None


def by_key(ctx: Ctx, key_hash: str) -> Actor | None:
    """The actor of a live API key."""
    row = store.key_by_hash(ctx, key_hash)
    return Actor("api_key", f"api_key:{row.key_id}", row.key_id, frozenset(row.scopes)) if row else None


def staff(ctx: Ctx) -> list[Staff]:
    """All staff members."""
    return [as_staff(row) for row in store.staff_rows(ctx)]


def member(ctx: Ctx, staff_id: int) -> Staff | None:
    """One staff member."""
    row = store.staff_by(ctx, staff_id=staff_id)
    return as_staff(row) if row else None


def by_userid(ctx: Ctx, userid: str) -> Staff | None:
    """The staff member with a WeCom userid."""
    row = store.staff_by(ctx, userid=userid)
    return as_staff(row) if row else None


def anybody(ctx: Ctx) -> bool:
    """Whether any staff member exists (else the installation is new)."""
    return store.staff_count(ctx) > 0


def keys(ctx: Ctx) -> list[ApiKey]:
    """All API keys, without their values."""
    return [
        ApiKey(r.key_id, r.name, r.prefix, tuple(r.scopes), r.created_at, r.revoked_at) for r in store.key_rows(ctx)
    ]
