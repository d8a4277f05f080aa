"""Leaf ``account``: who follows an Official Account, or is a contact of a WeCom app's corp."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, and_, select

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.platforms import queries as platforms
from siyu.segments.frame import Frame
from siyu.segments.kinds.follow import FOLLOWING
from siyu.segments.leaves import Kind
from siyu.segments.once import once
from siyu.segments.types import At, BadCondition, Depends, Facts, Params, Ref, Seen


class AccountParams(Params):
    """Without ``account_id``: any account. ``following`` false is everybody else, also who never followed.

    ``lost`` asks of these for the ones who followed once.
    """

    account_id: Ref | None = None
    following: bool = True
    lost: bool = False


class AccountKind(Kind[AccountParams]):
    """Follows an account now (a WeCom contact: has at least one staff member)."""

    name: ClassVar[str] = "account"
    title: ClassVar[tuple[str, str]] = ("Follows account", "关注账号")
    word: ClassVar[tuple[str, str]] = (
        "follows account {account_id}: {seen.following}",
        "关注账号 {account_id}：{seen.following}",
    )
    params = AccountParams

    def resolve(self, ctx: Ctx, params: AccountParams, field: str) -> AccountParams:
        if params.lost and params.following:
            path = f"{field}.lost" if field else "lost"
            raise BadCondition("who follows now was not lost: lost goes with following false", field=path)
        accounts = {account.account_id for account in once("accounts", lambda: platforms.accounts(ctx))}
        if params.account_id is not None and params.account_id not in accounts:
            path = f"{field}.account_id" if field else "account_id"
            raise BadCondition(f"there is no account {params.account_id}", field=path)
        return params

    def sql(self, frame: Frame, params: AccountParams) -> ColumnElement[bool]:
        now = self._side(frame, params.account_id, following=True)
        if params.following:
            return now.is_not(None)
        if params.lost:
            return and_(now.is_(None), self._side(frame, params.account_id, following=False).is_not(None))
        return now.is_(None)

    def _side(self, frame: Frame, account_id: int | None, *, following: bool) -> ColumnElement[Any]:
        """Joins whoever follows the account now, or (not ``following``) did so at any time."""
        rows = customers.follows
        meant = [rows.c.account_id == account_id] if account_id is not None else []
        meant += [rows.c.following] if following else []
        side = frame.left(
            f"account {account_id} {following}",
            lambda: frame.only(select(rows.c.customer_id).where(*meant).distinct(), rows.c.customer_id),
        )
        return side.c.customer_id

    def load(self, ctx: Ctx, leaves: Sequence[AccountParams], who: Select[Any]) -> Mapping[int, object]:
        rows, asked = customers.follows, who.subquery("who")
        statement = select(rows.c.customer_id, rows.c.account_id, rows.c.following)
        statement = statement.where(rows.c.customer_id.in_(select(asked.c.customer_id)))
        found: dict[int, dict[int, bool]] = {}
        for customer_id, account_id, following in ctx.tx.execute(statement):
            accounts = found.setdefault(customer_id, {})
            accounts[account_id] = following or accounts.get(account_id, False)
        return found

    def read(self, params: AccountParams, facts: Facts, at: At) -> Seen:
        known: Any = facts.data.get(self.name, {})
        meant = [now for account_id, now in known.items() if params.account_id in (None, account_id)]
        following = any(meant)
        fits = following == params.following and (not params.lost or bool(meant))
        return Seen(fits, {"following": following, "lost": bool(meant) and not following})

    def depends(self, params: AccountParams) -> Depends:
        return Depends(events=FOLLOWING)
