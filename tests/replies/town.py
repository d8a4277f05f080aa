"""A small town for replies: an Official Account, a WeCom app, people who write, follow and add, and what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from siyu.customers import actions as customers
from siyu.customers.types import Follow, Identity, NewEvent, Record, oa_source, wecom_source
from siyu.platforms import actions as platforms
from siyu.replies import actions, jobs
from siyu.replies.types import Match, NewReply, NewWelcome, ReplyKind, Said, Scope
from siyu.team import actions as team
from tests.support.world import World

CORP = "wwcorp"


class Town:
    """Committed work in virtual time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._keys = 0
        with world.open() as ctx:
            self.oa = platforms.save_account(ctx, kind="oa", key="wxreplies", name="号", secret="s", token="t")
            self.wecom = platforms.save_account(
                ctx,
                kind="wecom",
                key=f"{CORP}-1",
                name="企业",
                config={"corpid": CORP, "agentid": "1"},
                secret="s",
                token="t",
            )
            self.wang = team.add_staff(ctx, name="王敏", roles=["sales"], userid="wang")

    def people(self, *names: str, region: str = "", **more: object) -> list[int]:
        """Customers known by an openid and an external_userid."""
        attributes = ({"region": region} if region else {}) | more
        with self.world.open() as ctx:
            records = [
                Record(
                    "test",
                    name,
                    (Identity("oa_openid", name, str(self.oa)), Identity("external_userid", name, CORP)),
                    ctx.now,
                    attributes,
                )
                for name in names
            ]
            return customers.identify(ctx, records)

    def say(self, who: int, text: str, *, account: int | None = None, source: str = "") -> None:
        """A message to the Official Account, and what the rooms do with it."""
        props: dict[str, object] = {"account": account or self.oa, "text": text}
        self._happen(source or oa_source(self.oa), "message_received", who, props)

    def ask_service(self, who: int, text: str, **more: object) -> None:
        """A message to WeChat customer service."""
        props = {"account": self.wecom, "text": text, "via": "kf", "open_kfid": "kf1", **more}
        self._happen(wecom_source(self.wecom), "message_received", who, props)

    def archived(self, who: int, text: str) -> None:
        """A message to a staff member, read from the archive."""
        props = {"account": self.wecom, "text": text, "via": "archive", "staff": "wang"}
        self._happen(wecom_source(self.wecom), "message_received", who, props)

    def say_by_hand(self, who: int, text: str, staff: str = "wang") -> None:
        """What a staff member said, read from the archive."""
        props: dict[str, object] = {"account": self.wecom, "text": text, "via": "archive", "staff": staff}
        self._happen(wecom_source(self.wecom), "staff_message", who, props)

    def tap(self, who: int, key: str) -> None:
        """A menu click."""
        self._happen(oa_source(self.oa), "menu_clicked", who, {"account": self.oa, "key": key})

    def follow(self, who: int, scene: str = "") -> None:
        """A follow of the Official Account."""
        props: dict[str, object] = {"account": self.oa}
        self._happen(oa_source(self.oa), "followed", who, props | ({"scene": scene} if scene else {}))

    def add(self, who: int, staff: str = "wang", state: str = "", code: str = "CODE") -> None:
        """Somebody adds a staff member."""
        with self.world.open() as ctx:
            customers.follow(ctx, [Follow(who, "wecom", self.wecom, ctx.now, staff=staff)])
        props: dict[str, object] = {"account": self.wecom, "staff": staff, "state": state, "welcome_code": code}
        given = {name: value for name, value in props.items() if value}
        self._happen(wecom_source(self.wecom), "contact_added", who, given)

    def happen(self, type: str, who: int, **props: object) -> None:
        """Anything else."""
        self._happen("test", type, who, props)

    def _happen(self, source: str, type: str, who: int, props: Mapping[str, object]) -> None:
        self._keys += 1
        with self.world.open() as ctx:
            customers.record(ctx, [NewEvent(source, f"e{self._keys}", type, ctx.now, who, props=props)])
        self.pulse()

    def pulse(self) -> None:
        with self.world.open() as ctx:
            taken = customers.take_pulse(ctx, 0, 256, 5_000)
            jobs.pulse(ctx, taken)

    def tick(self) -> int:
        with self.world.open() as ctx:
            return jobs.tick(ctx, 1_000)

    def asked(self) -> list[tuple[int, str, str]]:
        """(customer_id, route, what) that outreach was asked for."""
        found = self.world.rows(
            "select r.customer_id, c.route, coalesce(m.text, m.content_id::text) as what"
            " from outreach_request r join outreach_message m using (message_id)"
            " join outreach_choice c using (message_id) order by r.request_id"
        )
        return [(row.customer_id, row.route, row.what) for row in found]

    def tasks(self) -> list[Any]:
        return list(self.world.rows("select * from staff_task order by task_id"))

    def outcomes(self) -> list[str]:
        return [row.outcome for row in self.world.rows("select outcome from reply_handled order by event_id")]

    def keyword(self, *words: str, text: str = "给你", match: Match = Match.CONTAINS, **more: Any) -> int:
        kind = more.pop("kind", ReplyKind.KEYWORD)
        new = NewReply(kind, words[0], match, words, Said(text), **more)
        with self.world.open() as ctx:
            return actions.save_reply(ctx, new)

    def welcome(self, text: str, scope: Scope = "wecom", ref: str = "", **more: Any) -> int:
        with self.world.open() as ctx:
            return actions.save_welcome(ctx, NewWelcome(text, scope, ref, Said(text), **more))


def in_region(name: str) -> dict[str, object]:
    return {"kind": "attribute", "name": "region", "op": "eq", "value": name}
