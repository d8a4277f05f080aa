"""Private: channels over HTTP."""

import secrets
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from siyu.allocation import types as allocation
from siyu.allocation.types import BadRotation
from siyu.channels import actions, bodies, phases, queries
from siyu.channels.types import (
    BadChannel,
    BadCost,
    ChannelArchived,
    ChannelChanged,
    Figures,
    NoCode,
    StateTaken,
    UnknownChannel,
    UnknownCost,
)
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import Invalid, NotFound
from siyu.kernel.http import ApiRoute, Edge, Id, asks, raises, requires
from siyu.platforms.types import CallFailed

router = APIRouter(prefix="/api/channels", tags=["channels"], route_class=ApiRoute)
Read = Annotated[Ctx, requires("channels.read")]
Write = Annotated[Ctx, requires("channels.write")]
Day = Annotated[date | None, Query(examples=["2026-03-01"])]
MONTH = timedelta(days=29)
LONGEST = timedelta(days=3_653)


class BadPeriod(Invalid):
    """The period ends before it begins, or is longer than ten years."""

    code = "bad_period"


def _period(ctx: Ctx, since: date | None, until: date | None) -> tuple[date, date]:
    last = until or ctx.now.astimezone(ctx.zone).date()
    first = since or (last - MONTH if last - date.min > MONTH else date.min)
    if first > last or last - first > LONGEST or not date(1970, 1, 2) <= first or last > date(9999, 12, 30):
        raise BadPeriod("give a period of up to ten years that ends after it begins", field="since")
    return first, last


@router.get("", operation_id="list_channels", responses=raises(BadPeriod))
def list_channels(
    ctx: Read, since: Day = None, until: Day = None, archived: Annotated[bool, Query()] = False
) -> bodies.ChannelsBody:
    """Channels with people and costs of a period of local days (30 days up to today by default), newest first."""
    first, last = _period(ctx, since, until)
    counted, nothing = queries.figures(ctx, first, last), Figures(0, 0, 0, 0)
    items = [
        bodies.ListedChannelBody(
            channel=bodies.ChannelBody.model_validate(one),
            figures=bodies.ChannelFiguresBody.model_validate(counted.get(one.channel_id, nothing)),
        )
        for one in queries.channels(ctx, archived=archived)
    ]
    return bodies.ChannelsBody(since=first, until=last, lead_levels=queries.lead_levels(ctx), items=items)


@router.post(
    "",
    operation_id="add_channel",
    status_code=201,
    responses=raises(NotFound, BadChannel, BadRotation, StateTaken),
)
def add_channel(body: bodies.NewChannelBody, ctx: Write) -> bodies.MadeChannelBody:
    """Make a channel; the platform has its code within seconds (``code.waiting`` until then)."""
    channel_id = actions.add(
        ctx,
        kind=body.kind,
        account_id=body.account_id,
        state=body.state or secrets.token_hex(4),
        definition=body.definition,
    )
    return bodies.MadeChannelBody(channel_id=channel_id)


@router.post("/serving", operation_id="try_rotation", responses=raises(BadRotation, UnknownChannel))
def try_rotation(body: bodies.RotationBody, ctx: Read) -> bodies.ServingBody:
    """Who would get the next customer by this rotation, and why."""
    allocation.check(body.rotation)
    if body.channel_id is not None:
        queries.channel(ctx, body.channel_id)
    return bodies.ServingBody.model_validate(queries.who_serves(ctx, body.channel_id, body.rotation))


@router.get(
    "/service-accounts",
    operation_id="list_service_accounts",
    responses=raises(NotFound, BadChannel, CallFailed),
)
def list_service_accounts(
    request: Request, _: Annotated[None, asks("channels.read")], account_id: Annotated[Id, Query(examples=[1])]
) -> list[bodies.ServiceAccountBody]:
    """The accounts of customer service (微信客服) that a link may lead to, as WeCom lists them now."""
    edge: Edge = request.app.state.edge
    listed = phases.Listed()
    edge.run(phases.service_accounts(account_id, listed))
    return [bodies.ServiceAccountBody.model_validate(one) for one in listed.accounts]


@router.get("/{channel_id}", operation_id="get_channel", responses=raises(UnknownChannel))
def get_channel(channel_id: Id, ctx: Read) -> bodies.ChannelBody:
    """One channel."""
    return bodies.ChannelBody.model_validate(queries.channel(ctx, channel_id))


@router.put(
    "/{channel_id}",
    operation_id="change_channel",
    responses=raises(UnknownChannel, BadChannel, BadRotation, ChannelChanged, ChannelArchived),
)
def change_channel(channel_id: Id, body: bodies.ChannelChangeBody, ctx: Write) -> bodies.ChannelBody:
    """Change a channel; it counts at once, and the state of before stays in its history."""
    actions.change(ctx, channel_id, version=body.version, definition=body.definition)
    return bodies.ChannelBody.model_validate(queries.channel(ctx, channel_id))


@router.post("/{channel_id}/archive", operation_id="archive_channel", responses=raises(UnknownChannel))
def archive_channel(channel_id: Id, ctx: Write) -> bodies.ChannelBody:
    """Put a channel away: its live code leads nowhere from then on."""
    actions.archive(ctx, channel_id, archived=True)
    return bodies.ChannelBody.model_validate(queries.channel(ctx, channel_id))


@router.post("/{channel_id}/revive", operation_id="revive_channel", responses=raises(UnknownChannel))
def revive_channel(channel_id: Id, ctx: Write) -> bodies.ChannelBody:
    """Take a channel back; a live code gets a new image, printed ones stay dead."""
    actions.archive(ctx, channel_id, archived=False)
    return bodies.ChannelBody.model_validate(queries.channel(ctx, channel_id))


@router.get(
    "/{channel_id}/image",
    operation_id="get_channel_image",
    response_class=Response,
    responses={
        200: {
            "content": {
                name: {"schema": {"type": "string", "format": "binary"}} for name in ("image/png", "image/jpeg")
            },
            "description": "The image",
        },
        **raises(UnknownChannel, NoCode, CallFailed),
    },
)
def get_channel_image(request: Request, channel_id: Id, _: Annotated[None, asks("channels.read")]) -> Response:
    """The platform's own image of the code (live codes of WeCom have no other), for print in a browser."""
    edge: Edge = request.app.state.edge
    picture = phases.Picture()
    edge.run(phases.code_image(channel_id, picture))
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(picture.content, media_type=picture.type, headers=headers)


@router.get("/{channel_id}/history", operation_id="list_channel_versions", responses=raises(UnknownChannel))
def list_channel_versions(channel_id: Id, ctx: Read) -> list[bodies.ChannelVersionBody]:
    """Every version of a channel with who made it when, newest first."""
    return [bodies.ChannelVersionBody.model_validate(one) for one in queries.history(ctx, channel_id)]


@router.get("/{channel_id}/days", operation_id="list_channel_days", responses=raises(UnknownChannel, BadPeriod))
def list_channel_days(channel_id: Id, ctx: Read, since: Day = None, until: Day = None) -> list[bodies.ChannelDayBody]:
    """Arrivals by local day and staff member (30 days up to today by default); days without any are missing."""
    return [
        bodies.ChannelDayBody.model_validate(one) for one in queries.days(ctx, channel_id, *_period(ctx, since, until))
    ]


@router.get("/{channel_id}/costs", operation_id="list_channel_costs", responses=raises(UnknownChannel))
def list_channel_costs(channel_id: Id, ctx: Read) -> list[bodies.ChannelCostBody]:
    """What was entered as costs, newest first; taken back entries have ``removed_at``."""
    queries.channel(ctx, channel_id)
    return [bodies.ChannelCostBody.model_validate(one) for one in queries.costs(ctx, channel_id)]


@router.post(
    "/{channel_id}/costs", operation_id="add_channel_cost", status_code=201, responses=raises(UnknownChannel, BadCost)
)
def add_channel_cost(channel_id: Id, body: bodies.NewChannelCostBody, ctx: Write) -> bodies.MadeChannelCostBody:
    """Enter what the channel costs."""
    cost_id = actions.add_cost(
        ctx, channel_id, since=body.since, until=body.until, amount=body.amount, per=body.per, note=body.note
    )
    return bodies.MadeChannelCostBody(cost_id=cost_id)


@router.delete(
    "/{channel_id}/costs/{cost_id}", operation_id="remove_channel_cost", status_code=204, responses=raises(UnknownCost)
)
def remove_channel_cost(channel_id: Id, cost_id: Id, ctx: Write) -> None:
    """Take back a cost entered by mistake; the entry stays with when and who."""
    actions.remove_cost(ctx, channel_id, cost_id)
