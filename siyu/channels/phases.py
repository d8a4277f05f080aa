"""Private: what the routes of channels ask the platforms, in phases."""

from dataclasses import dataclass, field

from siyu.channels import queries
from siyu.channels.types import BadChannel, Channel, NoCode, ServiceAccount
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.platforms import queries as platforms
from siyu.platforms.types import Call, CallFailed, Outcome

PAGE = 100
MOST = 10_000
"""Accounts of customer service that are listed."""


@dataclass(slots=True)
class Listed:
    """Filled in by the phases."""

    accounts: list[ServiceAccount] = field(default_factory=list)


def service_accounts(account_id: int, listed: Listed) -> Phased[int, list[Outcome]]:
    """The accounts of customer service (微信客服) of a WeCom app's corp. Raises NotFound, BadChannel, CallFailed."""

    def claim(ctx: Ctx) -> int:
        if platforms.account(ctx, account_id).kind != "wecom":
            raise BadChannel("customer service belongs to WeCom", field="account_id")
        return account_id

    def act(account_id: int, senders: Senders) -> list[Outcome]:
        pages: list[Outcome] = []
        while len(pages) * PAGE < MOST:
            body = {"offset": len(pages) * PAGE, "limit": PAGE}
            pages.append(senders["wecom"].send(Call(account_id, "kf_account_list", body)))
            if not pages[-1].ok or len(_accounts(pages[-1])) < PAGE:
                break
        return pages

    def record(ctx: Ctx, account_id: int, pages: list[Outcome]) -> None:
        failed = next((page for page in pages if not page.ok), None)
        if failed is not None:
            detail = {"code": failed.code, "message": failed.message}
            raise CallFailed("WeCom did not list the accounts of customer service", detail=detail)
        listed.accounts = [one for page in pages for one in _accounts(page)]

    return Phased("channels.service_accounts", claim, act, record)


def _accounts(page: Outcome) -> list[ServiceAccount]:
    rows = page.data.get("account_list")
    return [
        ServiceAccount(str(row["open_kfid"]), str(row.get("name") or ""))
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and row.get("open_kfid")
    ]


@dataclass(slots=True)
class Picture:
    """Filled in by the phases: the platform's own image of a code."""

    content: bytes = b""
    type: str = ""


def code_image(channel_id: int, picture: Picture) -> Phased[Channel, Outcome]:
    """Fetch the image that the platform made of a channel's code. Raises UnknownChannel, NoCode, CallFailed."""

    def claim(ctx: Ctx) -> Channel:
        channel = queries.channel(ctx, channel_id)
        if not channel.code.image_url:
            raise NoCode("the platform gave no image of this channel's code", field="channel_id")
        return channel

    def act(channel: Channel, senders: Senders) -> Outcome:
        asked = Call(channel.account_id or 0, "image", {"url": channel.code.image_url})
        outcome: Outcome = senders["image"].send(asked)
        return outcome

    def record(ctx: Ctx, channel: Channel, outcome: Outcome) -> None:
        if not outcome.ok:
            detail = {"code": outcome.code, "message": outcome.message}
            raise CallFailed("the image of the code could not be fetched", detail=detail)
        content = outcome.data["content"]
        picture.content = content if isinstance(content, bytes) else b""
        picture.type = str(outcome.data["type"])

    return Phased("channels.code_image", claim, act, record)
