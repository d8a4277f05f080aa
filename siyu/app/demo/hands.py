"""What salespeople do by hand in the demos: go through the staff tasks of the day, answer in archived chats."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import time

from sqlalchemy import select

from siyu.app.demo import company
from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.platforms.sandbox_control.client import SandboxControl, SandboxRefused
from siyu.runtime.house import House
from siyu.tasks import actions as tasks
from siyu.tasks import queries as task_queries
from siyu.team import queries as team

LOOKS = (time(11), time(15), time(19))
"""Local times at which they do."""


def taps(house: House, control: SandboxControl, userids: Collection[str]) -> None:
    """Salespeople go through the staff tasks of the day: who wrote in WeCom's chat replied, the others are done."""
    with house.open() as ctx:
        members = [one for one in team.staff(ctx) if one.userid in userids]
        # set-loop: the handful of people who sell
        waiting = {one.staff_id: task_queries.today(ctx, one.staff_id, limit=200).items for one in members}
        names = _externals(ctx, {one.customer_id for tasks_of in waiting.values() for one in tasks_of})
    if not names:
        return
    wrote = set(control.acted(act="chat", account=company.CORPID)["uids"])
    for member in members:
        if not waiting[member.staff_id]:
            continue
        with house.open(team.actor_of(member)) as ctx:
            for one in waiting[member.staff_id]:  # set-loop: taps of one person
                if names.get(one.customer_id) in wrote:
                    tasks.replied(ctx, one.task_id)
                else:
                    tasks.done(ctx, one.task_id)


def _externals(ctx: Ctx, ids: Iterable[int]) -> dict[int, str]:
    people = customers.people
    statement = select(people.c.customer_id, people.c.value).where(
        people.c.kind == "external_userid", people.c.customer_id.in_(sorted(ids))
    )
    return {row.customer_id: row.value for row in ctx.tx.execute(statement)}


ANSWERS = (
    ("多少", "标准版一年 19,800 元，含上线辅导。您大概多少人用？我给您算一版。"),
    ("资料", "我把手册和一个同行业的案例发您，先看第三页那张图就够了。"),
    ("方便", "明天上午十点或者下午三点，您看哪个方便？二十分钟讲得完。"),
    ("了解", "在的。您这边现在是拉新难，还是加上以后跟不动？我按您的情况讲。"),
)
"""What a salesperson answers to words like these; else ``PLAIN``."""
PLAIN = "好的，您先看着，有想聊的随时叫我。"


@dataclass(slots=True)
class Chats:
    """The archived chats, of which each message of a customer gets an answer. ``seq``: how far they were read."""

    seq: int = 0
    waiting: dict[tuple[str, str], str] = field(default_factory=dict)

    def answer(self, control: SandboxControl) -> None:
        """Answer what was heard at the look before, and listen on. After a start all chats are read again: whoever had
        the last word is known."""
        while self.waiting:
            (userid, contact), said = self.waiting.popitem()
            text = next((answer for words, answer in ANSWERS if words in said), PLAIN)
            with suppress(SandboxRefused):  # no contact any more
                control.member_act(userid, "chat", corpid=company.CORPID, person=contact, text=text)
        heard = control.archive(corpid=company.CORPID, seq=self.seq, limit=1_000)["messages"]
        for one in heard:
            self.seq = max(self.seq, int(one["seq"]))
            if one["roomid"]:
                continue
            sender, receiver = str(one["from"]), str(one["tolist"][0])
            if sender in company.MEMBERS:
                self.waiting.pop((sender, receiver), None)
            else:
                self.waiting[receiver, sender] = str(one.get("text", {}).get("content", ""))
