"""The other doors of the demo company: an account of customer service with its link, welcome and replies, and a group
live code over two groups of a few seats."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from io import BytesIO

from PIL import Image

from siyu.channels import actions as channels
from siyu.channels import queries as channel_queries
from siyu.channels.types import ChannelDefinition
from siyu.groups import queries as groups
from siyu.kernel.ctx import Ctx
from siyu.kernel.jobs import Phased, Senders
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.platforms.types import Call, CallFailed, Outcome
from siyu.replies import actions as replies
from siyu.replies.greetings import actions as greetings
from siyu.replies.greetings import queries as greeting_queries
from siyu.replies.greetings.types import Birthday, Named, NewGreeting
from siyu.replies.types import Match, NewReply, NewWelcome, ReplyKind, Said
from siyu.runtime.house import House
from siyu.tags import actions as tags


@dataclass(frozen=True, slots=True)
class Door:
    """A channel that leads to nobody in particular. ``cost``: 分 in all; ``share``: of those who come."""

    state: str
    name: str
    hook: str
    cost: int
    share: float


SERVICE = Door("service", "官网客服入口", "官网右下角，先问价再加好友", 80_000, 0.1)
SERVICE_NAME = "云启客服"
SERVICE_WELCOME = "您好，这里是云启客服。想试用请回复“试用”，问价、开票、对接也可以直接说，答不上的马上转顾问。"
SERVICE_REPLIES = (
    (
        "价格",
        ("多少钱", "价格", "报价", "怎么收费"),
        ReplyKind.KEYWORD,
        "标准版一年 19,800 元，含上线辅导；人数多可以谈。",
    ),
    ("试用", ("试用", "体验"), ReplyKind.KEYWORD, "可以的，留个手机号，今天就给您开 14 天的试用账号。"),
    ("发票", ("发票", "专票", "开票"), ReplyKind.FAQ, "能开专票，电子的，付款后三个工作日内发到邮箱。"),
    ("地址", ("哪个城市", "地址", "在哪里"), ReplyKind.FAQ, "总部在杭州，上海和深圳有办公室。"),
    (
        "上班时间",
        ("周末", "几点上班", "营业时间"),
        ReplyKind.FAQ,
        "工作日 9:00 到 21:00 有人，周末留言第二天一早回您。",
    ),
)
"""Name, words, kind, answer; what none of them answers falls to people."""
SALON = Door("salon", "线下沙龙群", "进群拿回放和讲义", 50_000, 0.05)
SALON_CHATS = (
    ("wrsiyusalon0001", "线下沙龙 1 群", "zhoumin"),
    ("wrsiyusalon0002", "线下沙龙 2 群", "wanglei"),
    ("wrsiyusalon0003", "线下沙龙 3 群", "heyan"),
)
"""chat_id, name and owner of the groups that the code leads to, one after the other."""
SALON_SEATS = 7
"""So many people are in a group when the code moves on."""
DOORS = (SERVICE, SALON)


def service_account(house: House, wecom_id: int) -> str:
    """The open_kfid of the company's account of customer service, made on the platform when it is not there."""
    found: list[str] = []

    def act(work: int, senders: Senders) -> Outcome:
        listed: Outcome = senders["wecom"].send(Call(work, "kf_account_list", {"offset": 0, "limit": 100}))
        known = listed.data.get("account_list")
        for one in known if isinstance(known, list) else []:
            if one.get("name") == SERVICE_NAME:
                return Outcome(True, 0, "", {"open_kfid": one["open_kfid"]})
        face = {"type": "image", "filename": "face.png", "content_type": "image/png", "content": _face()}
        media: Outcome = senders["wecom"].send(Call(work, "media_upload", face))
        if not media.ok:
            return media
        body = {"name": SERVICE_NAME, "media_id": media.data["media_id"]}
        made: Outcome = senders["wecom"].send(Call(work, "kf_account_add", body))
        return made

    def record(ctx: Ctx, work: int, made: Outcome) -> None:
        if not made.ok:
            detail = {"code": made.code, "message": made.message}
            raise CallFailed("the account of customer service could not be made", detail=detail)
        found.append(str(made.data["open_kfid"]))

    house.run(Phased("demo.service", lambda _: wecom_id, act, record))
    return found[0]


def _face() -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (64, 64), (22, 119, 255)).save(drawn, "PNG")
    return drawn.getvalue()


def open_service(ctx: Ctx, wecom_id: int, open_kfid: str, since: date) -> int:
    """Make the link into customer service, its welcome and what is answered there; returns channel_id."""
    definition = ChannelDefinition(
        name=SERVICE.name, hook=SERVICE.hook, open_kfid=open_kfid, tags=(tags.ensure(ctx, f"来源/{SERVICE.name}"),)
    )
    channel_id = channels.add(ctx, kind="kf_link", account_id=wecom_id, state=SERVICE.state, definition=definition)
    _costs(ctx, channel_id, SERVICE, since)
    replies.save_welcome(ctx, NewWelcome(f"{SERVICE.name}欢迎语", "channel", SERVICE.state, Said(text=SERVICE_WELCOME)))
    for name, words, kind, answer in SERVICE_REPLIES:  # set-loop: a handful of replies
        replies.save_reply(ctx, NewReply(kind, name, Match.CONTAINS, words, Said(text=answer), account_id=wecom_id))
    return channel_id


def greet_days(ctx: Ctx, bought: int) -> None:
    """Greetings on birthdays and at the Spring Festival, unless there are any. ``bought``: the segment of customers."""
    if greeting_queries.greetings(ctx):
        return
    words = "生日快乐！愿您这一岁事事顺手，云启全体同事祝您。"
    greetings.save(ctx, NewGreeting("生日祝福", Birthday(), Said(text=words), time(9, 30)))
    words = "新春快乐！这一年承蒙关照，愿新的一年客户常来、团队常胜。"
    whom: dict[str, object] = {"kind": "segment", "segment": bought}
    greetings.save(ctx, NewGreeting("春节拜年", Named("spring_eve"), Said(text=words), time(10), condition=whom))


def open_salon(ctx: Ctx, wecom_id: int, since: date) -> int | None:
    """Make the group live code; returns channel_id, None while Siyu does not know the groups."""
    known = {chat.chat_id for chat in groups.chats(ctx, wecom_id)}
    wanted = tuple(chat_id for chat_id, _, _ in SALON_CHATS)
    if not known.issuperset(wanted):
        return None
    definition = ChannelDefinition(
        name=SALON.name,
        hook=SALON.hook,
        chats=wanted,
        chat_limit=SALON_SEATS,
        room_base_name=SALON.name,
        tags=(tags.ensure(ctx, f"来源/{SALON.name}"),),
    )
    channel_id = channels.add(
        ctx, kind="group_live_code", account_id=wecom_id, state=SALON.state, definition=definition
    )
    _costs(ctx, channel_id, SALON, since)
    return channel_id


def _costs(ctx: Ctx, channel_id: int, door: Door, since: date) -> None:
    last = since + timedelta(days=13)
    channels.add_cost(ctx, channel_id, since=since, until=last, amount=door.cost, per="total", note=door.hook)


Ways = dict[str, dict[str, object]]


def standing(ctx: Ctx) -> Ways:
    """By state what leads through each door that stands on the platform, as the sandbox takes it."""
    found: Ways = {}
    for one in channel_queries.channels(ctx):
        if one.state == SERVICE.state and one.code.url:
            found[one.state] = {"open_kfid": one.definition.open_kfid, "scene": one.state}
        elif one.state == SALON.state and one.code.config_id:
            found[one.state] = {"config_id": one.code.config_id}
    return found


def arrive(control: SandboxControl, ways: Ways, counts: Mapping[str, int], key: str, **span: object) -> None:
    """Let new people come by these doors, so many by each state."""
    for state, by in ways.items():
        if counts.get(state):
            control.arrivals(key=f"{key}-{state}", count=counts[state], **by, **span)
