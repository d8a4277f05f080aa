"""Private: which accounts have tags: a corp is known by its first app, and the first one switched on speaks for it."""

from siyu.kernel.ctx import Ctx
from siyu.platforms import queries as platforms
from siyu.platforms.types import Account


def source(ctx: Ctx, account_id: int) -> str:
    """Who is to be said to cause what an account's platform told of."""
    return f"{platforms.account(ctx, account_id).kind}:{account_id}"


def speakers(ctx: Ctx) -> dict[int, Account]:
    """By the account that stands for a corp or an Official Account the one to call with; switched off ones not."""
    homes: dict[str, int] = {}
    found: dict[int, Account] = {}
    for account in platforms.accounts(ctx):
        if account.kind == "webhook":
            continue
        home = homes.setdefault(account.appid, account.account_id)
        if account.active:
            found.setdefault(home, account)
    return found
