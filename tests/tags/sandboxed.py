"""Siyu and the sandbox, whose contacts and followers carry tags on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from siyu.customers import queries as customers
from siyu.customers.types import Identity
from siyu.intake import actions as intake
from siyu.intake import jobs as intake_jobs
from siyu.kernel import notices
from siyu.platforms import actions as inbox
from siyu.platforms import queries as platform_queries
from siyu.platforms.types import Call, Outcome
from siyu.tags import jobs, queries
from tests.platforms.sandboxed import APPID, CORPID, Platforms, platforms
from tests.support.world import World


@pytest.fixture
def both(world: World, tmp_path: Path) -> Iterator[Platforms]:
    with platforms(world, tmp_path) as found:
        at = "2026-01-10T09:00:00+08:00"
        contacts = [{"corpid": CORPID, "userids": ["lisi", "wangwu"], "count": 6, "at": at}]
        follow = [{"account": APPID, "at": at, "count": 8}]
        found.sandbox.add_people(key="p", seed=1, count=10, model={"reply_rate": 0}, follow=follow, contacts=contacts)
        for person in (1, 2):
            known = {one["userid"] for one in found.sandbox.person(person)["contacts"]}
            for staff in {"lisi", "wangwu"} - known:
                found.sandbox.act(person, "add_member", corpid=CORPID, userid=staff, state="")
        yield found


def settle(both: Platforms) -> None:
    """Let intake and tags work until nothing is left to do at this time."""
    busy = True
    while busy:
        with both.world.open() as ctx:
            told = notices.take(ctx)
            jobs.notice(ctx, told)
            intake_jobs.notice(ctx, told)
            messages = inbox.take_inbox(ctx, 0, 1000) + inbox.take_inbox(ctx, 1, 1000)
            intake.handle(ctx, messages)
        busy = bool(messages)
        for phased in (*intake_jobs.PHASES, *intake_jobs.FAST_PHASES, *jobs.PHASES):
            while both.world.run(phased, both.senders):
                busy = True
    with both.world.open() as ctx:
        assert platform_queries.parked(ctx).items == []


def rest(both: Platforms) -> None:
    """Let a minute pass: what was put off for a moment is done."""
    settle(both)
    both.wait(minutes=1)
    settle(both)


def reconcile(both: Platforms) -> None:
    """Let a day pass, in whose night everything is compared."""
    rest(both)
    both.wait(days=1)
    rest(both)


def call(both: Platforms, kind: str, endpoint: str, **body: object) -> Outcome:
    """A call as from a console or another application: it raises no callback."""
    account_id = both.wecom if kind == "wecom" else both.oa
    outcome = both.senders["wecom" if kind == "wecom" else "official_account"].send(Call(account_id, endpoint, body))
    assert outcome.ok, outcome
    return outcome


def corp_tags(both: Platforms) -> dict[str, str]:
    """``group/tag`` -> id in the corp."""
    groups = call(both, "wecom", "corp_tag_list").data["tag_group"]
    assert isinstance(groups, list)
    return {f"{group['group_name']}/{tag['name']}": tag["id"] for group in groups for tag in group["tag"]}


def there(both: Platforms, person: int) -> dict[str, set[str]]:
    """Which tags each member sees on a contact, by their names."""
    contact = both.sandbox.person(person)["contacts"][0]["external_userid"]
    follows = call(both, "wecom", "contact_get", external_userid=contact).data["follow_user"]
    assert isinstance(follows, list)
    return {one["userid"]: {f"{tag['group_name']}/{tag['tag_name']}" for tag in one["tags"]} for one in follows}


def customer(both: Platforms, person: int) -> int:
    contact = both.sandbox.person(person)["contacts"][0]["external_userid"]
    with both.world.open() as ctx:
        found = customers.find(ctx, Identity("external_userid", contact, CORPID))
    assert found is not None
    return found


def here(both: Platforms, person: int) -> set[str]:
    """Which tags the customer carries in Siyu, by their paths."""
    found = customer(both, person)
    with both.world.open() as ctx:
        return {one.tag.path for one in queries.assignments(ctx, found)}


def hand(both: Platforms, staff: str, person: int, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
    """A member changes tags of a contact in the client."""
    both.sandbox.member_act(staff, "tag", corpid=CORPID, person=person, add=list(add), remove=list(remove))
