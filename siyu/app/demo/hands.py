"""What salespeople do by hand in the demos: go through the staff tasks of the day."""

from collections.abc import Collection, Iterable
from datetime import time

from sqlalchemy import select

from siyu.app.demo import company
from siyu.customers import queries as customers
from siyu.kernel.ctx import Ctx
from siyu.platforms.sandbox_control.client import SandboxControl
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
