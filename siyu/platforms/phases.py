"""Door: phased work on accounts."""

from dataclasses import dataclass
from urllib.parse import quote

from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.platforms import queries
from siyu.platforms.types import SENDERS, Account, BadAccount, BadScene, Call, CallFailed, Outcome


@dataclass(slots=True)
class Checked:
    """Filled in by the phases: what the platform said."""

    outcome: Outcome | None = None


def check_connection(account_id: int, checked: Checked) -> Phased[Account, Outcome]:
    """Ask the platform something harmless with the account's token: are secret, network and address list right?"""

    def claim(ctx: Ctx) -> Account:
        account = queries.account(ctx, account_id)
        if account.kind == "webhook":
            raise BadAccount("a webhook signer has no platform to ask", field="account_id")
        return account

    def act(account: Account, senders: Senders) -> Outcome:
        outcome: Outcome = senders[SENDERS[account.kind]].send(Call(account.account_id, "api_ip", {}))
        return outcome

    def record(ctx: Ctx, account: Account, outcome: Outcome) -> None:
        checked.outcome = outcome

    return Phased("platforms.check_connection", claim, act, record)


@dataclass(frozen=True, slots=True)
class NewQrCode:
    """A parameter QR code (带参数二维码) of an Official Account. ``seconds`` None: permanent (100 000 in all)."""

    account_id: int
    scene: str
    seconds: int | None = None


@dataclass(slots=True)
class MadeQrCode:
    """Filled in by the phases: the ticket, what the code encodes, and where its image is."""

    ticket: str = ""
    url: str = ""
    image_url: str = ""


def new_qr_code(wanted: NewQrCode, made: MadeQrCode) -> Phased[Account, Outcome]:
    """Make a QR code whose scans tell ``scene``. Raises BadScene, BadAccount, NotFound, CallFailed."""
    if not 1 <= len(wanted.scene) <= 64:
        raise BadScene("a scene has 1 to 64 characters", field="scene")
    if wanted.seconds is not None and not 60 <= wanted.seconds <= 2_592_000:
        raise BadScene("a temporary code lives 60 to 2592000 seconds", field="seconds")

    def claim(ctx: Ctx) -> Account:
        account = queries.account(ctx, wanted.account_id)
        if account.kind != "oa":
            raise BadAccount("only an Official Account has parameter QR codes", field="account_id")
        return account

    def act(account: Account, senders: Senders) -> Outcome:
        action = "QR_LIMIT_STR_SCENE" if wanted.seconds is None else "QR_STR_SCENE"
        body: dict[str, object] = {"action_name": action, "action_info": {"scene": {"scene_str": wanted.scene}}}
        if wanted.seconds is not None:
            body["expire_seconds"] = wanted.seconds
        outcome: Outcome = senders["official_account"].send(Call(account.account_id, "qrcode_create", body))
        return outcome

    def record(ctx: Ctx, account: Account, outcome: Outcome) -> None:
        if not outcome.ok:
            detail = {"code": outcome.code, "message": outcome.message}
            raise CallFailed("WeChat did not make the QR code", detail=detail)
        made.ticket, made.url = str(outcome.data.get("ticket", "")), str(outcome.data.get("url", ""))
        made.image_url = f"{account.config['qr_url']}/cgi-bin/showqrcode?ticket={quote(made.ticket, safe='')}"

    return Phased("platforms.new_qr_code", claim, act, record)
