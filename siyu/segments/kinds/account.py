"""Leaf ``account``: who follows an Official Account, or is a contact of a WeCom app's corp."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, select

from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.platforms import queries as platforms
from siyu.segments.frame import Frame
from siyu.segments.leaves import Kind
from siyu.segments.types import At, BadCondition, Depends, Facts, Params, Seen


class AccountParams(Params):
    """``following`` false is everybody else, also who never followed."""

    account_id: int
    following: bool = True


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
        if all(account.account_id != params.account_id for account in platforms.accounts(ctx)):
            path = f"{field}.account_id" if field else "account_id"
            raise BadCondition(f"there is no account {params.account_id}", field=path)
        return params

    def sql(self, frame: Frame, params: AccountParams) -> ColumnElement[bool]:
        rows = customers.follows
        side = frame.left(
            f"account {params.account_id}",
            lambda: frame.only(
                select(rows.c.customer_id).where(rows.c.account_id == params.account_id, rows.c.following).distinct(),
                rows.c.customer_id,
            ),
        )
        return side.c.customer_id.is_not(None) if params.following else side.c.customer_id.is_(None)

    def load(self, ctx: Ctx, leaves: Sequence[AccountParams], who: Select[Any]) -> Mapping[int, object]:
        rows, asked = customers.follows, who.subquery("who")
        statement = select(rows.c.customer_id, rows.c.account_id).where(
            rows.c.following, rows.c.customer_id.in_(select(asked.c.customer_id))
        )
        found: dict[int, set[int]] = {}
        for row in ctx.tx.execute(statement):
            found.setdefault(row[0], set()).add(row[1])
        return found

    def read(self, params: AccountParams, facts: Facts, at: At) -> Seen:
        followed: Any = facts.data.get(self.name, ())
        following = params.account_id in followed
        return Seen(following == params.following, {"following": following})

    def depends(self, params: AccountParams) -> Depends:
        return Depends(events=frozenset({"followed", "unfollowed", "contact_added", "contact_lost"}))
