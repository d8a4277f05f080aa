"""Door: the condition kind ``channel``: by which of the company's channels the customer first or latest came."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Select, and_, tuple_

from siyu.channels import store
from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.kernel.text import CleanText
from siyu.segments.leaves import At, Depends, Facts, Frame, Kind, Seen, Window, crossed, leaving, windowed
from siyu.segments.types import BadCondition, Ref


class ChannelParams(Window):
    """Without ``channel``: came by any channel of the company."""

    channel: tuple[Ref | CleanText, ...] | None = Field(
        default=None, min_length=1, description="channel_ids or states, one of them", examples=[["expo2026"]]
    )
    touch: Literal["first", "latest"] = "first"

    @property
    def prefix(self) -> str:
        return "source" if self.touch == "first" else "latest_source"

    @property
    def ids(self) -> list[int] | None:
        """The channels asked for, once resolved."""
        return None if self.channel is None else [int(one) for one in self.channel]


class ChannelLeaf(Kind[ChannelParams]):
    """First or latest came by one of the channels, or by any."""

    name: ClassVar[str] = "channel"
    title: ClassVar[tuple[str, str]] = ("Channel", "渠道")
    word: ClassVar[tuple[str, str]] = (
        "came by channel {seen.channel} at {seen.at}",
        "通过渠道 {seen.channel} 到来，时间 {seen.at}",
    )
    params = ChannelParams

    def resolve(self, ctx: Ctx, params: ChannelParams, field: str) -> ChannelParams:
        if params.channel is None:
            return params
        path = f"{field}.channel" if field else "channel"
        by_state = store.by_states(ctx, [one for one in params.channel if isinstance(one, str)])
        known = store.states_of(ctx, [one for one in params.channel if isinstance(one, int)])
        found: list[int] = []
        for index, given in enumerate(params.channel):
            channel_id = by_state.get(given) if isinstance(given, str) else given if given in known else None
            if channel_id is None:
                raise BadCondition(f"there is no channel {given}", field=f"{path}.{index}")
            found.append(channel_id)
        return params.model_copy(update={"channel": tuple(found)})

    def named(self, ctx: Ctx, params: ChannelParams) -> ChannelParams:
        if params.ids is None:
            return params
        states = store.states_of(ctx, params.ids)
        return params.model_copy(update={"channel": tuple(states.get(one, one) for one in params.ids)})

    def sql(self, frame: Frame, params: ChannelParams) -> ColumnElement[bool]:
        moment = frame.customer.c[f"{params.prefix}_at"]
        clauses = [self._meant(frame, params), *windowed(moment, params, frame.at)]
        if params.since is not None:
            entered = frame.entered_at()
            clauses += [entered.is_not(None), moment >= entered]
        return and_(*clauses)

    def _meant(self, frame: Frame, params: ChannelParams) -> ColumnElement[bool]:
        kind, code, moment = (frame.customer.c[f"{params.prefix}_{name}"] for name in ("kind", "code", "at"))
        came = tuple_(kind, code).in_(store.touches(params.ids))
        return and_(moment.is_not(None), kind.is_not(None), code.is_not(None), came)

    def load(self, ctx: Ctx, leaves: Sequence[ChannelParams], who: Select[Any]) -> Mapping[int, object]:
        return {
            row.customer_id: {
                "source": (row.first_channel, row.source_at),
                "latest_source": (row.latest_channel, row.latest_source_at),
            }
            for row in store.came_by(ctx, customers.customer, who)
        }

    def read(self, params: ChannelParams, facts: Facts, at: At) -> Seen:
        loaded: Any = facts.data.get(self.name, {})
        channel_id, moment = loaded.get(params.prefix, (None, None))
        if channel_id is None or moment is None:
            return Seen(False, {"channel": None, "at": None})
        fits = params.ids is None or channel_id in params.ids
        seen = {"channel": channel_id, "at": moment.isoformat()}
        return Seen(fits and params.holds(moment, at, facts.since), seen)

    def depends(self, params: ChannelParams) -> Depends:
        return Depends(attributes=frozenset({"source"}))

    def entered(self, params: ChannelParams) -> bool:
        return params.since is not None

    def changed(self, frame: Frame, params: ChannelParams, before: datetime) -> Select[Any] | None:
        moved = crossed(frame.customer.c[f"{params.prefix}_at"], params, frame.at, before)
        return None if moved is None else frame.select(where=and_(self._meant(frame, params), moved))

    def due(self, frame: Frame, params: ChannelParams) -> Sequence[Select[Any] | datetime]:
        moment = frame.customer.c[f"{params.prefix}_at"]
        return leaving(frame, frame.customer_id, moment, self._meant(frame, params), params)


KINDS = (ChannelLeaf(),)
