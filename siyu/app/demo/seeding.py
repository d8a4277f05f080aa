"""What a company has beside the wave: a CRM file, a shop, a team that tags, segments. Through the doors that companies
use, once, while the demo runs: nothing here is waited for."""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Select, func, select

from siyu.app.demo import company, firm, front
from siyu.customers import queries as customers
from siyu.customers.importing import actions as importing
from siyu.customers.importing.types import ColumnUse, ImportState
from siyu.kernel.clock import machine
from siyu.kernel.ctx import Actor
from siyu.lifecycle import actions as lifecycle
from siyu.lifecycle import queries as lifecycle_queries
from siyu.lifecycle.types import DEFAULT
from siyu.platforms import queries as platforms
from siyu.platforms.sandbox_control.client import SandboxControl, SandboxRefused
from siyu.runtime.house import House
from siyu.segments import actions as segments
from siyu.segments import queries as segment_queries
from siyu.tags import actions as tags
from siyu.team import actions as team
from siyu.team import queries as team_queries

PATIENCE_SECONDS = 300.0
"""How long a step may wait for the one before (machine time): for workers to check a file, to read the contacts."""
LOOK_SECONDS = 1.0
FILE_NAME = "CRM 客户导出.csv"
KEY_NAME = "网店（演示）"
CONTACTS_TOO, BOUGHT, UNANSWERED = "企微好友，也关注公众号", "下过单的客户", "要了电子书还没留资"
PRODUCTS = (
    ("私域训练营席位", 199_900),
    ("运营中台标准版（年）", 1_980_000),
    ("实施服务（天）", 300_000),
    ("内容代写（篇）", 88_000),
)
"""Name and price in 分."""
POINTS = (
    ("回复消息", "message_received", 6, 12),
    ("打开素材", "content_viewed", 4, 12),
    ("提交表单", "form_submitted", 20, 20),
    ("支付订单", "order_paid", 40, None),
)
"""Name of the rule, event, points, the most of a day."""
BY_HAND = (
    ("lisi", "跟进/重点客户", 0, 4, "电话聊了 20 分钟，预算已批", None),
    ("lisi", "跟进/已约演示", 2, 6, "约了下周三上午线上演示", timedelta(days=14)),
    ("zhoumin", "跟进/重点客户", 0, 2, "老板亲自问过报价", None),
    ("zhoumin", "跟进/暂不考虑", 2, 5, "今年预算用完，明年一季度再联系", timedelta(days=120)),
)
"""Whose contacts get which tag: from and to in the order in which they came, why, and until when."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The running demo."""

    house: House
    control: SandboxControl
    spec: company.Spec
    stopped: threading.Event
    selling: threading.Event = field(default_factory=threading.Event)
    """Set once the shop has its key."""

    def until(self, happened: Callable[[], bool]) -> bool:
        """Wait for something; False when the demo stops or patience ends first."""
        deadline = machine() + PATIENCE_SECONDS
        while not happened():
            if self.stopped.wait(LOOK_SECONDS) or machine() > deadline:
                return False
        return True


def furnish(demo: Demo) -> None:
    """Give the company what it has beside the wave, unless it has it: the segments are made last and say that all is
    done, and what is told twice before is taken once."""
    with demo.house.open() as ctx:
        furnished = UNANSWERED in {found.name for found in segment_queries.segments(ctx)}
    if furnished:
        demo.selling.set()
        return
    operator = _staff(demo, "operator")
    _points(demo, operator)
    if not demo.until(lambda: _contacts(demo) >= demo.spec.contacts * 9 // 10):
        return
    _shop(demo)
    demo.selling.set()
    _crm(demo)
    _tag_by_hand(demo)
    # Each on its own: whoever saves a segment waits for pulses, and a pulse may wait for the tags that are given here.
    bought = _segment(demo, operator, BOUGHT)
    _rules(demo, operator, bought)
    with demo.house.open(operator) as ctx:
        front.greet_days(ctx, bought)
    for name in (CONTACTS_TOO, UNANSWERED):
        _segment(demo, operator, name)


def _points(demo: Demo, operator: Actor) -> None:
    """What acts are worth, unless that was said before."""
    for name, type_, points, daily_cap in POINTS:  # set-loop: the demo's few rules
        with demo.house.open(operator) as ctx:
            if name not in {rule.name for rule in lifecycle_queries.score_rules(ctx)}:
                lifecycle.save_score_rule(ctx, name=name, events={"type": type_}, points=points, daily_cap=daily_cap)


def sales_team(demo: Demo) -> None:
    """Give the company its codes and doors with welcomes, and the stage journeys of those who come; once. 李四 confirms
    nothing by himself: his desk is for whoever tries the demo. 王蕾's chats are archived (会话存档)."""
    operator = _staff(demo, "operator")
    with demo.house.open(operator) as ctx:
        wecom_id = platforms.accounts(ctx, "wecom")[0].account_id
    open_kfid = front.service_account(demo.house, wecom_id)

    def furnished() -> firm.Firm:
        with demo.house.open(operator) as ctx:
            return firm.furnish(ctx, wecom_id, ctx.now.astimezone(ctx.zone).date(), open_kfid)

    made = furnished()
    by_hand, seat = {"userid": "lisi", "confirm": "hand"}, {"userid": "wanglei", "archive": True}
    demo.control.set_accounts(wecom=[{"corpid": company.CORPID, "members": [by_hand, seat]}])
    if front.SALON.state not in made.channels:
        demo.until(lambda: front.SALON.state in furnished().channels)
    if made.journeys:
        return  # they are the operator's from then on: a start must not undo what was edited

    def standing() -> bool:
        with demo.house.open() as ctx:
            return firm.on_platform(ctx, made).keys() >= {code.state for code in firm.CODES}

    if demo.until(standing):
        with demo.house.open(operator) as ctx:
            firm.start(ctx, made)


def _contacts(demo: Demo) -> int:
    follows = customers.follows
    known = select(func.count(func.distinct(follows.c.customer_id))).where(follows.c.kind == "wecom")
    with demo.house.open() as ctx:
        return ctx.tx.execute(known).scalar_one()


def drawn(*what: object) -> int:
    """A large number that is the same whenever the same is asked."""
    return int.from_bytes(hashlib.sha256(repr(what).encode()).digest()[:6])


def sell(demo: Demo, orders: Sequence[Mapping[str, object]], **more: object) -> None:
    """Let the shop report orders and their buyers. Raises SandboxRefused."""
    buyers = [{"person": person} for person in sorted({str(one["person"]) for one in orders})]
    told = demo.control.shop(url=demo.spec.public_url, orders=list(orders), **({"buyers": buyers} | more))
    if told["refused"]:
        raise SandboxRefused(str(told["refused"]))


def order(spec: company.Spec, number: str, placed_at: datetime, status: str = "paid") -> dict[str, object]:
    """An order of one of the contacts; what and whose follows from its number."""
    person = 1 + drawn(spec.seed, number, "who") % max(1, spec.contacts)
    name, price = PRODUCTS[drawn(spec.seed, number, "what") % len(PRODUCTS)]
    count = 1 + drawn(spec.seed, number, "count") % 3
    return {
        "person": person,
        "order_no": number,
        "amount": price * count,
        "status": status,
        "placed_at": placed_at.isoformat(),
        "lines": [{"name": name, "count": count, "price": price}],
    }


def _shop(demo: Demo) -> None:
    """The orders of the last 90 days; two contacts gave the same phone, which is a case for people to decide."""
    with demo.house.open() as ctx:
        _, key = team.add_key(ctx, KEY_NAME, ["customers.write"])
        midnight = datetime.combine(ctx.now.astimezone(ctx.zone).date(), time(), ctx.zone)
    orders = []
    for number in range(max(4, demo.spec.contacts // 3)):
        day = midnight - timedelta(days=1 + drawn(demo.spec.seed, number, "day") % 90)
        placed = day + timedelta(minutes=9 * 60 + drawn(demo.spec.seed, number, "minute") % 720)
        status = ("paid", "paid", "paid", "refunded", "placed")[number % 5]
        orders.append(order(demo.spec, f"{day:%Y%m%d}-{number:03d}", placed, status))
    sell(demo, orders, key=key)
    if demo.spec.contacts >= 2:
        shared = demo.control.person(1)["profile"]["phone"]
        sell(demo, [], buyers=[{"person": 1}, {"person": 2, "phone": shared}])


def crm_file(people: Sequence[Mapping[str, str]], today: date) -> bytes:
    """What a CRM gives out: a title row, GB18030, a number that Excel damaged, a phone that is none, a double. Of some
    it knows the birthday, which the next weeks bring."""
    lines = ["客户总表（销售部导出）,,,,,,,", "客户编号,客户姓名,手机号码,公司名称,城市,行业,标签,出生日期"]
    for place, one in enumerate(people):
        phone = one["phone"]
        if place % 7 == 3:
            phone = f"{phone[:3]} {phone[3:7]} {phone[7:]}"
        elif place % 7 == 5:
            phone = "".join(chr(ord(digit) + 0xFEE0) for digit in phone)
        tag = ("线下沙龙", "老客户介绍", "")[place % 3]
        born = today.replace(year=1984, day=1) + timedelta(days=today.day + place)
        about = (one["name"], phone, one["company"], one["city"], one["industry"], tag)
        lines.append(",".join((f"K{2001 + place}", *about, born.isoformat() if place % 4 == 1 else "")))
    lines.append("K2901,陈明,1.38E+10,远山科技,杭州,制造,,")
    lines.append("K2902,孙丽,1381234,,上海,教育,线下沙龙,")
    lines.append(lines[2])
    return "\r\n".join([*lines, ""]).encode("gb18030")


def _crm(demo: Demo) -> None:
    """Import the CRM file as an operator does: look, say what the columns mean, check, apply."""
    some = range(1, demo.spec.contacts + demo.spec.customers // 2, 3)
    people = [demo.control.person(number)["profile"] for number in some[:60]]
    with TemporaryDirectory() as folder, demo.house.open(_staff(demo, "operator")) as ctx:
        path = Path(folder) / "crm.csv"
        path.write_bytes(crm_file(people, ctx.now.astimezone(ctx.zone).date()))
        import_id = importing.start(ctx, path, FILE_NAME)
        suggested = importing.mapping_of(importing.locked(ctx, import_id, "draft"))
        columns = tuple(ColumnUse(one.index, "tag", "来源") if one.use == "tag" else one for one in suggested.columns)
        importing.set_mapping(ctx, import_id, importing.Meaning(columns, "crm", (), False))
        importing.check(ctx, import_id)

    def applied() -> bool:
        try:
            with demo.house.open(_staff(demo, "operator")) as ctx:
                importing.apply(ctx, import_id)
        except ImportState:
            return False
        return True

    demo.until(applied)


def _tag_by_hand(demo: Demo) -> None:
    """What salespeople know of their own contacts."""
    for userid, path, first, last, why, lasts in BY_HAND:  # set-loop: a handful of tags
        with demo.house.open(_staff(demo, userid)) as ctx:
            expires_at = ctx.now + lasts if lasts else None
            tags.add(ctx, tag_id=tags.ensure(ctx, path), who=_own(userid, first, last), why=why, expires_at=expires_at)


def _own(userid: str, first: int, last: int) -> Select[Any]:
    follows = customers.follows
    return (
        select(follows.c.customer_id)
        .where(follows.c.kind == "wecom", follows.c.staff == userid, follows.c.following)
        .order_by(follows.c.customer_id)
        .offset(first)
        .limit(last - first)
    )


def _segment(demo: Demo, operator: Actor, name: str) -> int:
    """One of the segments over the sources together; returns segment_id."""
    with demo.house.open(operator) as ctx:
        accounts = {one.kind: one.account_id for one in platforms.accounts(ctx)}
        known = {found.name: found.segment_id for found in segment_queries.segments(ctx)}
        wanted: dict[str, dict[str, object]] = {
            BOUGHT: {"kind": "order"},
            CONTACTS_TOO: {
                "all": [
                    {"kind": "account", "account_id": accounts["wecom"], "following": True},
                    {"kind": "account", "account_id": accounts["oa"], "following": True},
                ]
            },
            UNANSWERED: {
                "all": [{"kind": "tag", "tag": "意向/要过电子书"}, {"not": {"kind": "tag", "tag": "意向/已留资"}}]
            },
        }
        return known[name] if name in known else segments.save(ctx, name=name, condition=wanted[name])


def _rules(demo: Demo, operator: Actor, bought: int) -> None:
    """The tag and the level of those who bought."""
    with demo.house.open(operator) as ctx:
        tag_id = tags.ensure(ctx, "关系/成交客户")
    with demo.house.open(operator) as ctx:
        if not lifecycle_queries.tag_rules(ctx):
            lifecycle.save_tag_rule(ctx, name=BOUGHT, tag_id=tag_id, segment_id=bought)
    with demo.house.open(operator) as ctx:
        levels = [replace(one, segment_id=bought) if one.key == "customer" else one for one in DEFAULT.levels]
        lifecycle.save_ladder(ctx, replace(DEFAULT, levels=tuple(levels)))


def _staff(demo: Demo, name: str) -> Actor:
    """The actor that a member of the team is, by login or WeCom userid."""
    with demo.house.open() as ctx:
        return next(team_queries.actor_of(one) for one in team_queries.staff(ctx) if name in (one.login, one.userid))
