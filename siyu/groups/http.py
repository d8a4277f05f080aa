"""Private: groups and join ways over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from siyu.groups import phases, queries
from siyu.groups.types import BadJoinWay, JoinWay
from siyu.kernel.ctx import Ctx
from siyu.kernel.errors import NotFound
from siyu.kernel.http import ApiRoute, Edge, Id, asks, raises, requires
from siyu.kernel.text import CleanText
from siyu.platforms.types import CallFailed

router = APIRouter(prefix="/api/groups", tags=["groups"], route_class=ApiRoute)


class ChatBody(BaseModel):
    """A customer group."""

    account_id: int
    chat_id: str
    name: str
    owner: str
    created_at: datetime | None
    dismissed_at: datetime | None
    people: int
    customers: int


class JoinWayBody(BaseModel):
    """A way into groups; ``qr_code`` is the address of its QR code."""

    join_way_id: int
    account_id: int
    config_id: str
    remark: str
    state: str
    chat_ids: list[str]
    qr_code: str
    created_at: datetime
    deleted_at: datetime | None


class NewJoinWayBody(BaseModel):
    """A join way to make at WeCom."""

    model_config = ConfigDict(extra="forbid")

    account_id: Id
    chat_ids: list[Annotated[CleanText, Field(min_length=1, max_length=64)]] = Field(
        min_length=1, max_length=5, examples=[["wrdemo1"]]
    )
    remark: CleanText = Field(default="", max_length=30, examples=["电子书读者"])
    state: CleanText = Field(default="", max_length=30, examples=["ebook"])
    auto_create_room: bool = True
    room_base_name: CleanText = Field(default="", max_length=40, examples=["读者群"])


def _shown(way: JoinWay) -> JoinWayBody:
    return JoinWayBody(
        join_way_id=way.join_way_id,
        account_id=way.account_id,
        config_id=way.config_id,
        remark=way.remark,
        state=way.state,
        chat_ids=list(way.chat_ids),
        qr_code=way.qr_code,
        created_at=way.created_at,
        deleted_at=way.deleted_at,
    )


@router.get("/chats", operation_id="list_chats")
def list_chats(
    ctx: Annotated[Ctx, requires("groups.read")], account_id: Annotated[Id | None, Query()] = None
) -> list[ChatBody]:
    """Customer groups with how many people are in them and how many of those are known."""
    return [
        ChatBody(
            account_id=chat.account_id,
            chat_id=chat.chat_id,
            name=chat.name,
            owner=chat.owner,
            created_at=chat.created_at,
            dismissed_at=chat.dismissed_at,
            people=chat.people,
            customers=chat.customers,
        )
        for chat in queries.chats(ctx, account_id)
    ]


@router.get("/join-ways", operation_id="list_join_ways")
def list_join_ways(ctx: Annotated[Ctx, requires("groups.read")]) -> list[JoinWayBody]:
    """Ways into groups."""
    return [_shown(way) for way in queries.join_ways(ctx)]


@router.post(
    "/join-ways",
    operation_id="add_join_way",
    status_code=201,
    responses=raises(NotFound, BadJoinWay, CallFailed),
)
def add_join_way(request: Request, body: NewJoinWayBody, _: Annotated[None, asks("groups.write")]) -> JoinWayBody:
    """Make a way into groups at WeCom, for a group invitation."""
    edge: Edge = request.app.state.edge
    made = phases.Made()
    wanted = phases.NewJoinWay(
        body.account_id, body.remark, body.state, tuple(body.chat_ids), body.auto_create_room, body.room_base_name
    )
    edge.run(phases.new_join_way(wanted, made))
    with edge.request(request, "groups.write") as ctx:
        way = next(way for way in queries.join_ways(ctx) if way.join_way_id == made.join_way_id)
    return _shown(way)
