"""Door: phased work on accounts."""

from dataclasses import dataclass

from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.platforms import queries
from siyu.platforms.types import SENDERS, Account, BadAccount, Call, Outcome


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
