"""Door: phased work of groups: make a join way (the group invitation)."""

from collections.abc import Sequence
from dataclasses import dataclass

from siyu.groups import actions
from siyu.groups.types import BadJoinWay
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.platforms import queries as platforms
from siyu.platforms.types import Call, CallFailed, Outcome


@dataclass(frozen=True, slots=True)
class NewJoinWay:
    """What a join way is made of; limits as in docs/platform.md A.5.5."""

    account_id: int
    remark: str
    state: str
    chat_ids: tuple[str, ...]
    auto_create_room: bool = True
    room_base_name: str = ""


@dataclass(slots=True)
class Made:
    """Filled in by the phases: the stored join way."""

    join_way_id: int = 0
    config_id: str = ""
    qr_code: str = ""


def new_join_way(wanted: NewJoinWay, made: Made) -> Phased[NewJoinWay, tuple[Outcome, Outcome | None]]:
    """Make a join way at WeCom and store it in ``made``. Raises BadJoinWay, NotFound, CallFailed.

    The platform has no key against repeats: a worker that dies between its answer and the record leaves a join way
    that nobody uses, never two that are.
    """
    _check(wanted)

    def claim(ctx: Ctx) -> NewJoinWay:
        platforms.account(ctx, wanted.account_id)
        return wanted

    def act(work: NewJoinWay, senders: Senders) -> tuple[Outcome, Outcome | None]:
        body = {
            "scene": 2,
            "remark": work.remark,
            "auto_create_room": int(work.auto_create_room),
            "chat_id_list": list(work.chat_ids),
            "state": work.state,
        }
        if work.auto_create_room and work.room_base_name:
            body["room_base_name"] = work.room_base_name
        added: Outcome = senders["wecom"].send(Call(work.account_id, "join_way_add", body))
        if not added.ok:
            return added, None
        return added, senders["wecom"].send(
            Call(work.account_id, "join_way_get", {"config_id": added.data.get("config_id", "")})
        )

    def record(ctx: Ctx, work: NewJoinWay, results: tuple[Outcome, Outcome | None]) -> None:
        added, got = results
        if got is None or not got.ok:
            failed = got or added
            raise CallFailed("WeCom did not make the join way", detail={"code": failed.code, "message": failed.message})
        way = got.data.get("join_way")
        made.config_id = str(added.data["config_id"])
        made.qr_code = str(way.get("qr_code", "")) if isinstance(way, dict) else ""
        made.join_way_id = actions.keep_join_way(
            ctx,
            account_id=work.account_id,
            config_id=made.config_id,
            remark=work.remark,
            state=work.state,
            chat_ids=work.chat_ids,
            qr_code=made.qr_code,
        )

    return Phased("groups.new_join_way", claim, act, record)


def _check(wanted: NewJoinWay) -> None:
    if not 1 <= len(wanted.chat_ids) <= 5:
        raise BadJoinWay("a join way leads to 1 to 5 groups", field="chat_ids")
    limits: Sequence[tuple[str, str, int]] = (
        ("remark", wanted.remark, 30),
        ("state", wanted.state, 30),
        ("room_base_name", wanted.room_base_name, 40),
    )
    for field, value, most in limits:
        if len(value) > most:
            raise BadJoinWay(f"at most {most} characters", field=field)
