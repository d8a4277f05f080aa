"""Private: accounts (secrets go in, never out), the connection check, parked callbacks."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import NotFound
from siyu.kernel.http import ApiRoute, BigId, Edge, Id, asks, raises, requires
from siyu.kernel.paging import BadCursor
from siyu.kernel.settings import settings
from siyu.kernel.text import CleanText
from siyu.platforms import actions, phases, queries
from siyu.platforms.types import Account, AccountKind, AccountTaken, BadAccount, BadScene, CallFailed

router = APIRouter(prefix="/api/platforms", tags=["platforms"], route_class=ApiRoute)

ConfigText = Annotated[CleanText, Field(max_length=500)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccountSettings(_Input):
    """What can be set of an account. Secrets that are left out or null stay as they are; an empty one is cleared."""

    name: CleanText = Field(min_length=1, max_length=64, examples=["读书会服务号"])
    config: dict[str, ConfigText] = Field(default_factory=dict, examples=[{"mode": "safe", "gh_id": "gh_0123456789ab"}])
    secret: CleanText | None = Field(default=None, max_length=200, description="AppSecret or the app's secret")
    token: CleanText | None = Field(default=None, max_length=32, description="Token of the callback")
    aes_key: CleanText | None = Field(default=None, max_length=43, description="EncodingAESKey, 43 characters")
    active: bool = True


class NewAccount(AccountSettings):
    """An account to connect."""

    kind: AccountKind = Field(examples=["oa"])
    key: CleanText = Field(
        min_length=1,
        max_length=64,
        examples=["wx1234567890abcdef"],
        description="appid, corpid-agentid, or a webhook's name",
    )


class AccountBody(BaseModel):
    """An account as shown: of the secrets only whether they are set."""

    account_id: int
    kind: AccountKind
    key: str
    name: str
    config: dict[str, str]
    active: bool
    secret_set: bool
    token_set: bool
    aes_key_set: bool
    callback_url: str | None
    created_at: datetime
    changed_at: datetime


class Connection(BaseModel):
    """What the platform answered to a harmless question."""

    ok: bool
    code: int
    message: str


class NewQrCode(_Input):
    """A parameter QR code to make; without ``seconds`` it is permanent."""

    scene: CleanText = Field(min_length=1, max_length=64, examples=["ebook"])
    seconds: int | None = Field(default=None, ge=60, le=2_592_000)


class QrCodeBody(BaseModel):
    """A parameter QR code: what it encodes and where its image is."""

    scene: str
    ticket: str
    url: str
    image_url: str


class InboxState(BaseModel):
    """Raw callbacks that wait; ``gave_up`` wait for a person."""

    pending: int
    parked: int
    gave_up: int


class ParkedBody(BaseModel):
    """A callback that could not be handled."""

    inbox_id: int
    account_id: int
    kind: str
    created_at: datetime
    attempts: int
    error: str
    gave_up: bool


class ParkedPage(BaseModel):
    """A page of parked callbacks."""

    items: list[ParkedBody]
    next: str | None


class Retried(BaseModel):
    """How many callbacks are tried again."""

    count: int


def callback_url(account: Account) -> str | None:
    """The address to enter at the platform; None for webhook signers."""
    if account.kind == "webhook":
        return None
    base = settings().public_url or f"http://{settings().host}:{settings().port}"
    return base.rstrip("/") + account.callback_path


def _shown(account: Account) -> AccountBody:
    return AccountBody(
        account_id=account.account_id,
        kind=account.kind,
        key=account.key,
        name=account.name,
        config=dict(account.config),
        active=account.active,
        secret_set=bool(account.sealed.secret),
        token_set=bool(account.sealed.token),
        aes_key_set=bool(account.sealed.aes_key),
        callback_url=callback_url(account),
        created_at=account.created_at,
        changed_at=account.changed_at,
    )


@router.get("/accounts", operation_id="list_accounts")
def list_accounts(
    ctx: Annotated[Ctx, requires("platforms.read")], kind: Annotated[AccountKind | None, Query()] = None
) -> list[AccountBody]:
    """All connected accounts."""
    return [_shown(account) for account in queries.accounts(ctx, kind)]


@router.post("/accounts", operation_id="add_account", status_code=201, responses=raises(AccountTaken, BadAccount))
def add_account(ctx: Annotated[Ctx, requires("platforms.write")], body: NewAccount) -> AccountBody:
    """Connect an Official Account, a WeCom app or a webhook signer."""
    if any(account.key == body.key for account in queries.accounts(ctx, body.kind)):
        raise AccountTaken("another account has this key", field="key")
    return _shown(queries.account(ctx, actions.save_account(ctx, **body.model_dump())))


@router.get("/accounts/{account_id}", operation_id="get_account", responses=raises(NotFound))
def get_account(ctx: Annotated[Ctx, requires("platforms.read")], account_id: Id) -> AccountBody:
    """One account."""
    return _shown(queries.account(ctx, account_id))


@router.put("/accounts/{account_id}", operation_id="change_account", responses=raises(NotFound, BadAccount))
def change_account(
    ctx: Annotated[Ctx, requires("platforms.write")], account_id: Id, body: AccountSettings
) -> AccountBody:
    """Change an account's name, settings, secrets, or switch it on or off."""
    account = queries.account(ctx, account_id)
    actions.save_account(ctx, kind=account.kind, key=account.key, **body.model_dump())
    return _shown(queries.account(ctx, account_id))


@router.post("/accounts/{account_id}/check", operation_id="check_account", responses=raises(NotFound, BadAccount))
def check_account(request: Request, account_id: Id, _: Annotated[None, asks("platforms.write")]) -> Connection:
    """Ask the platform something harmless: are the secret, the network and the address list right?"""
    edge: Edge = request.app.state.edge
    checked = phases.Checked()
    edge.run(phases.check_connection(account_id, checked))
    outcome = checked.outcome
    assert outcome is not None
    return Connection(ok=outcome.ok, code=outcome.code, message=outcome.message)


@router.post(
    "/accounts/{account_id}/qr-codes",
    operation_id="add_qr_code",
    status_code=201,
    responses=raises(NotFound, BadAccount, BadScene, CallFailed),
)
def add_qr_code(
    request: Request, account_id: Id, body: NewQrCode, _: Annotated[None, asks("platforms.write")]
) -> QrCodeBody:
    """Make a parameter QR code at the Official Account; its scans bring the scene as source."""
    edge: Edge = request.app.state.edge
    made = phases.MadeQrCode()
    edge.run(phases.new_qr_code(phases.NewQrCode(account_id, body.scene, body.seconds), made))
    return QrCodeBody(scene=body.scene, ticket=made.ticket, url=made.url, image_url=made.image_url)


@router.get("/inbox", operation_id="get_inbox_state")
def get_inbox_state(ctx: Annotated[Ctx, requires("platforms.read")]) -> InboxState:
    """How many callbacks wait, are parked, or wait for a person."""
    return InboxState(**queries.inbox_state(ctx))


@router.get("/inbox/parked", operation_id="list_parked_callbacks", responses=raises(BadCursor))
def list_parked_callbacks(
    ctx: Annotated[Ctx, requires("platforms.read")],
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ParkedPage:
    """Callbacks that failed, oldest first."""
    page = queries.parked(ctx, cursor, limit)
    items = [
        ParkedBody(
            inbox_id=item.inbox_id,
            account_id=item.account_id,
            kind=item.kind,
            created_at=item.created_at,
            attempts=item.attempts,
            error=item.error,
            gave_up=item.gave_up,
        )
        for item in page.items
    ]
    return ParkedPage(items=items, next=page.next)


@router.post("/inbox/parked/retry", operation_id="retry_parked_callbacks")
def retry_parked_callbacks(ctx: Annotated[Ctx, requires("platforms.write")]) -> Retried:
    """Try all parked callbacks again, at once."""
    return Retried(count=actions.retry_inbox(ctx))


@router.post("/inbox/parked/{inbox_id}/retry", operation_id="retry_parked_callback", responses=raises(NotFound))
def retry_parked_callback(ctx: Annotated[Ctx, requires("platforms.write")], inbox_id: BigId) -> Retried:
    """Try one parked callback again, at once."""
    return Retried(count=actions.retry_inbox(ctx, inbox_id))


@router.delete(
    "/inbox/parked/{inbox_id}", operation_id="drop_parked_callback", status_code=204, responses=raises(NotFound)
)
def drop_parked_callback(ctx: Annotated[Ctx, requires("platforms.write")], inbox_id: BigId) -> None:
    """Give a parked callback up for good."""
    actions.drop_inbox(ctx, inbox_id)
