"""What the fortnight's company has: live codes, welcomes, contents, the other doors and two stage journeys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from siyu.allocation.types import Member, Rotation, Shift
from siyu.app.demo import front, materials
from siyu.channels import actions as channels
from siyu.channels import queries as channel_queries
from siyu.channels.types import ChannelDefinition
from siyu.content import actions as content
from siyu.journeys import actions as journeys
from siyu.journeys import files
from siyu.journeys import queries as journey_queries
from siyu.kernel.ctx import Ctx
from siyu.replies import actions as replies
from siyu.replies.types import NewWelcome, Said
from siyu.tags import actions as tags
from siyu.team import queries as team

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "journeys"
KEYS = ("new-contact", "after-the-deal")
OPENS, CLOSES = "09:00", "21:00"
SECOND = timedelta(hours=2)
SECOND_WORDS = "刚加上您，怕打扰没多说。您这边主要想解决哪一块？我先把对应的案例找给您。"


@dataclass(frozen=True, slots=True)
class Code:
    """A live code of the company. ``weights``: who takes turns; ``cost``: 分 in all; ``share``: of those who come."""

    state: str
    name: str
    hook: str
    weights: Mapping[str, int]
    cost: int
    share: float
    welcome: str


CODES = (
    Code(
        "expo",
        "展会海报",
        "现场扫码领《从加上到成交》",
        {"lisi": 2, "wanglei": 1},
        600_000,
        0.4,
        "您好，欢迎来过云启的展台！手册在这里：{{link:handbook}}\n先问一句：您更关心拉新还是跟进？",
    ),
    Code(
        "article",
        "公众号文末",
        "扫码加顾问，送自测表",
        {"chentao": 1, "heyan": 1},
        120_000,
        0.3,
        "您好，我是文章里提到的顾问。自测表在这里，两分钟做完就知道先补哪一步：{{link:case-story}}",
    ),
    Code(
        "friends",
        "老客户转介绍",
        "朋友推荐，优先安排演示",
        {"sunqi": 1, "wanglei": 1},
        0,
        0.15,
        "您好，朋友介绍来的我优先安排。您先看看手册：{{link:handbook}}\n有想聊的随时说。",
    ),
)


@dataclass(frozen=True, slots=True)
class Firm:
    """The ids that the play needs: journeys by key, channels by state."""

    journeys: Mapping[str, int]
    channels: Mapping[str, int]


def of(ctx: Ctx) -> Firm | None:
    """What was made before; None where nothing was."""
    states = {one.state for one in (*CODES, *front.DOORS)}
    found = {one.state: one.channel_id for one in channel_queries.channels(ctx, archived=None) if one.state in states}
    if not found:
        return None
    live = {one.key: one.journey_id for one in journey_queries.journeys(ctx) if one.key in KEYS}
    return Firm(live, found)


def on_platform(ctx: Ctx, firm: Firm) -> dict[str, str]:
    """config_id by state of the live codes that stand on the platform."""
    mine = set(firm.channels.values())
    found = {one.state: one.code.config_id for one in channel_queries.channels(ctx) if one.channel_id in mine}
    return {state: config_id for state, config_id in found.items() if config_id}


def codes_of(ctx: Ctx) -> dict[str, str]:
    """config_id by state of the live codes that stand on the platform; {} where none were made."""
    found = of(ctx)
    return on_platform(ctx, found) if found else {}


def furnish(ctx: Ctx, wecom_id: int, since: date, open_kfid: str = "") -> Firm:
    """Make what is missing of it in a company that has a team and accounts; the group live code once Siyu has read the
    groups, the link into customer service when there is an account of it."""
    found = of(ctx)
    made = dict(found.channels) if found else {}
    if not made:
        members = {one.userid: one.staff_id for one in team.staff(ctx) if one.userid}
        _content(ctx)
        made = {code.state: _code(ctx, code, wecom_id, members, since) for code in CODES}  # set-loop: three codes
    if open_kfid and front.SERVICE.state not in made:
        made[front.SERVICE.state] = front.open_service(ctx, wecom_id, open_kfid, since)
    if front.SALON.state not in made and (salon := front.open_salon(ctx, wecom_id, since)) is not None:
        made[front.SALON.state] = salon
    return Firm(found.journeys if found else {}, made)


def start(ctx: Ctx, firm: Firm) -> Firm:
    """Put the journeys live; the people who come from now on enter."""
    started = {}
    for key in KEYS:  # set-loop: two journeys
        journey = files.apply(ctx, (EXAMPLES / f"stages-{key}.yaml").read_text(encoding="utf-8"))
        started[key] = journeys.start(ctx, journey.journey_id).journey_id
    return Firm(started, firm.channels)


def _content(ctx: Ctx) -> None:
    file = content.upload(ctx, materials.EBOOK_PDF.read_bytes(), "ebook.pdf")
    for piece in materials.for_contacts(file.file_id):  # set-loop: three pieces
        content.save_content(ctx, **piece, publish=True)  # type: ignore[arg-type]  # a table of keyword arguments


def _code(ctx: Ctx, code: Code, wecom_id: int, members: Mapping[str, int], since: date) -> int:
    shift = Shift(days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"), start=OPENS, until=CLOSES)
    turns = tuple(
        Member(staff_id=members[userid], weight=weight, shifts=(shift,)) for userid, weight in code.weights.items()
    )
    definition = ChannelDefinition(
        name=code.name,
        hook=code.hook,
        tags=(tags.ensure(ctx, f"来源/{code.name}"),),
        rotation=Rotation(members=turns, fallback=(members["zhoumin"],)),
    )
    channel_id = channels.add(ctx, kind="wecom_live_code", account_id=wecom_id, state=code.state, definition=definition)
    if code.cost:
        last = since + timedelta(days=13)
        channels.add_cost(ctx, channel_id, since=since, until=last, amount=code.cost, per="total", note=code.hook)
    replies.save_welcome(
        ctx,
        NewWelcome(
            name=f"{code.name}欢迎语",
            scope="channel",
            ref=code.state,
            said=Said(text=code.welcome),
            second_after=SECOND,
            second_text=SECOND_WORDS,
        ),
    )
    return channel_id
