"""Private: sign-in, staff and API keys over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import Forbidden, NotFound, SiyuError, Unauthenticated
from siyu.kernel.http import ApiRoute, ErrorBody, Id, raises, requires
from siyu.kernel.settings import settings
from siyu.kernel.text import CleanText
from siyu.team import actions, queries
from siyu.team.types import (
    SCOPES,
    ApiKey,
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

router = APIRouter(prefix="/api/team", tags=["team"], route_class=ApiRoute)
COOKIE = "siyu_session"


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignIn(_Input):
    """A password sign-in."""

    login: CleanText = Field(min_length=1, max_length=64, examples=["operator"])
    password: CleanText = Field(min_length=1, max_length=200, examples=["siyu-demo-2026"])


class Me(BaseModel):
    """Who is signed in and what they may do."""

    staff_id: int
    name: str
    login: str | None
    roles: list[Role]
    permissions: list[str]


class StaffBody(BaseModel):
    """One staff member."""

    staff_id: int
    name: str
    login: str | None
    userid: str | None
    departments: list[str]
    roles: list[Role]
    active: bool


class NewStaff(_Input):
    """A staff member to add."""

    name: CleanText = Field(min_length=1, max_length=64, examples=["李运营"])
    login: CleanText | None = Field(default=None, min_length=2, max_length=64, examples=["liyy"])
    password: CleanText | None = Field(default=None, max_length=200, examples=["a-long-passphrase"])
    userid: CleanText | None = Field(default=None, max_length=64, description="WeCom userid")
    roles: list[Role] = Field(min_length=1, examples=[["operator"]])


class StaffChange(_Input):
    """What to change of a staff member."""

    roles: list[Role] | None = Field(default=None, min_length=1)
    active: bool | None = None


class PasswordChange(_Input):
    """One's own new password, and the present one once more."""

    current: CleanText = Field(min_length=1, max_length=200, examples=["siyu-demo-2026"])
    new: CleanText = Field(max_length=200, examples=["a-longer-passphrase"])


class NewPassword(_Input):
    """A password that an administrator gives to somebody else."""

    password: CleanText = Field(max_length=200, examples=["a-longer-passphrase"])


class KeyBody(BaseModel):
    """An API key without its value."""

    key_id: int
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


class NewKey(_Input):
    """An API key to make."""

    name: CleanText = Field(min_length=1, max_length=64, examples=["CRM"])
    scopes: list[str] = Field(min_length=1, examples=[["customers.write"]])


class MadeKey(BaseModel):
    """A new API key; ``key`` is shown only in this answer."""

    key_id: int
    key: str


def _me(member: Staff) -> Me:
    return Me(
        staff_id=member.staff_id,
        name=member.name,
        login=member.login,
        roles=list(member.roles),
        permissions=sorted(member.permissions),
    )


def _staff(member: Staff) -> StaffBody:
    return StaffBody(
        staff_id=member.staff_id,
        name=member.name,
        login=member.login,
        userid=member.userid,
        departments=list(member.departments),
        roles=list(member.roles),
        active=member.active,
    )


def _key(key: ApiKey) -> KeyBody:
    return KeyBody(
        key_id=key.key_id,
        name=key.name,
        prefix=key.prefix,
        scopes=list(key.scopes),
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )


@router.post("/sign-in", response_model=Me, responses=raises(WrongPassword, SignInBlocked))
def sign_in(body: SignIn, request: Request, ctx: Annotated[Ctx, requires(None)]) -> Response:
    """Sign in with a password; sets the session cookie."""
    answer = actions.sign_in(ctx, body.login, body.password)
    if answer is None:
        return _refused(actions.refuse())
    member, token = answer
    return _signed_in(JSONResponse(_me(member).model_dump()), request, token)


def _refused(error: SiyuError) -> Response:
    """Answered, not raised: raising would roll back the row that counts the failed try."""
    refusal = ErrorBody(code=error.code, message=error.message, field=error.field, detail={})
    return JSONResponse(refusal.model_dump(), status_code=error.status)


def _signed_in(response: Response, request: Request, token: str) -> Response:
    response.set_cookie(
        COOKIE,
        token,
        max_age=actions.SESSION_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https" or (settings().public_url or "").startswith("https:"),
    )
    return response


@router.post("/sign-out", status_code=204)
def sign_out(request: Request, response: Response, ctx: Annotated[Ctx, requires(None)]) -> None:
    """End the session."""
    if token := request.cookies.get(COOKIE):
        actions.sign_out(ctx, token)
    response.delete_cookie(COOKIE)


@router.get("/me", responses=raises(Unauthenticated))
def me(ctx: Annotated[Ctx, requires("session")]) -> Me:
    """Who is signed in."""
    return _me(_oneself(ctx))


def _oneself(ctx: Ctx) -> Staff:
    member = queries.member(ctx, ctx.actor.id) if ctx.actor.kind == "staff" and ctx.actor.id is not None else None
    if member is None:
        raise Unauthenticated("sign in first")
    return member


@router.post(
    "/me/password",
    status_code=204,
    responses=raises(
        Unauthenticated, WrongCurrentPassword, WeakPassword, SamePassword, NoLogin, SignInBlocked, NotFound
    ),
)
def change_password(body: PasswordChange, request: Request, ctx: Annotated[Ctx, requires("session")]) -> Response:
    """Change one's own password. All sessions end but this one, which goes on under a new cookie."""
    token = actions.change_password(ctx, _oneself(ctx).staff_id, body.current, body.new)
    if token is None:
        return _refused(actions.refuse_current())
    return _signed_in(Response(status_code=204), request, token)


@router.post("/me/sign-out-everywhere", status_code=204, responses=raises(Unauthenticated, NotFound))
def sign_out_everywhere(response: Response, ctx: Annotated[Ctx, requires("session")]) -> None:
    """End all of one's sessions, this one too."""
    actions.sign_out_everywhere(ctx, _oneself(ctx).staff_id)
    response.delete_cookie(COOKIE)


@router.get("/staff", responses=raises(Forbidden))
def list_staff(ctx: Annotated[Ctx, requires("team.read")]) -> list[StaffBody]:
    """All staff members."""
    return [_staff(member) for member in queries.staff(ctx)]


@router.post("/staff", status_code=201, responses=raises(LoginTaken, UseridTaken, WeakPassword, Forbidden))
def add_staff(body: NewStaff, ctx: Annotated[Ctx, requires("team.write")]) -> StaffBody:
    """Add a staff member."""
    staff_id = actions.add_staff(
        ctx, name=body.name, roles=body.roles, login=body.login, password=body.password, userid=body.userid
    )
    member = queries.member(ctx, staff_id)
    if member is None:
        raise NotFound("no such staff member", field="staff_id")
    return _staff(member)


@router.patch("/staff/{staff_id}", status_code=204, responses=raises(NotFound, Forbidden))
def change_staff(staff_id: Id, body: StaffChange, ctx: Annotated[Ctx, requires("team.write")]) -> None:
    """Change roles, or switch a staff member on or off."""
    if queries.member(ctx, staff_id) is None:
        raise NotFound("no such staff member", field="staff_id")
    actions.change_staff(ctx, staff_id, roles=body.roles, active=body.active)


@router.put(
    "/staff/{staff_id}/password",
    status_code=204,
    responses=raises(NotFound, NoLogin, OwnPassword, WeakPassword, Forbidden),
)
def reset_password(staff_id: Id, body: NewPassword, ctx: Annotated[Ctx, requires("team.write")]) -> None:
    """Give somebody else a password; their sessions end."""
    actions.reset_password(ctx, staff_id, body.password)


@router.post("/staff/{staff_id}/sign-out", status_code=204, responses=raises(NotFound, Forbidden))
def sign_out_staff(staff_id: Id, ctx: Annotated[Ctx, requires("team.write")]) -> None:
    """End all sessions of a staff member."""
    actions.sign_out_everywhere(ctx, staff_id)


@router.get("/scopes", responses=raises(Forbidden))
def list_scopes(ctx: Annotated[Ctx, requires("team.write")]) -> list[str]:
    """The scopes that an API key may carry."""
    return list(SCOPES)


@router.get("/keys", responses=raises(Forbidden))
def list_keys(ctx: Annotated[Ctx, requires("team.write")]) -> list[KeyBody]:
    """All API keys."""
    return [_key(key) for key in queries.keys(ctx)]


@router.post("/keys", status_code=201, responses=raises(UnknownScope, Forbidden))
def add_key(body: NewKey, ctx: Annotated[Ctx, requires("team.write")]) -> MadeKey:
    """Make an API key."""
    key_id, key = actions.add_key(ctx, body.name, body.scopes)
    return MadeKey(key_id=key_id, key=key)


@router.delete("/keys/{key_id}", status_code=204, responses=raises(NotFound, Forbidden))
def revoke_key(key_id: Id, ctx: Annotated[Ctx, requires("team.write")]) -> None:
    """End an API key at once."""
    actions.revoke_key(ctx, key_id)
