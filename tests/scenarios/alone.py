"""A salesperson alone: one live code, one welcome, quiet people who do what the test says, over the real sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text

from siyu.allocation.types import Member, Rotation
from siyu.app.demo import company, firm, materials
from siyu.app.sandboxed import SandboxWorld
from siyu.channels import actions as channels
from siyu.channels import queries as channel_queries
from siyu.channels.types import ChannelDefinition
from siyu.content import actions as content
from siyu.journeys import actions as journeys
from siyu.kernel.settings import know
from siyu.platforms.sandbox_control.client import SandboxControl
from siyu.replies import actions as replies
from siyu.replies.types import NewWelcome, Said
from siyu.runtime.driver import Driver
from siyu.team import actions as team
from tests.support.database import Server
from tests.support.installation import Installation, installation

USERID = "lisi"
WELCOME = "您好，我是李四，资料马上发您。"
QUIET = {
    **dict.fromkeys(("chat_rate", "click_rate", "leave_rate", "annoyed_leave_rate", "form_rate", "cta_rate"), 0.0),
    "read_on": 1.0,
}
"""People who do nothing by themselves, but read what they open to its end."""


@dataclass(frozen=True, slots=True)
class Alone:
    """李四's company. ``config_id``: the live code on the platform; ``contents``: content_id by key."""

    at: Installation
    config_id: str
    contents: Mapping[str, int]

    @property
    def control(self) -> SandboxControl:
        return self.at.control

    @property
    def now(self) -> datetime:
        """Local time."""
        return self.at.clock.now().astimezone(self.at.house.zone)

    def go_on(self, until: datetime, *, minutes: int = 30) -> None:
        """Play up to a moment; what happens within so many minutes is worked off in one go."""
        Driver(self.at.house, self.at.clock, SandboxWorld(self.control), timedelta(minutes=minutes)).run(until)

    def hour(self, hour: float, *, days: int = 0) -> datetime:
        """That hour of today, or so many days later."""
        return self.now.replace(hour=0, minute=0, second=0) + timedelta(days=days, hours=hour)

    def rows(self, sql: str, **values: object) -> Sequence[Row[Any]]:
        """Rows of Siyu's database."""
        with self.at.house.open() as ctx:
            return ctx.tx.execute(text(sql), values).all()

    def start(self, definition: Mapping[str, Any]) -> int:
        """Put a journey live; its id."""
        with self.at.house.open() as ctx:
            return journeys.start(ctx, journeys.apply(ctx, definition).journey_id).journey_id

    def person(self, name: str, phone: str) -> int:
        """Somebody who knows nobody here yet."""
        return int(self.control.add_people(people=[{"name": name, "phone": phone}], model=QUIET)["first"])

    def customer(self, person: int) -> int:
        """Whom Siyu takes the person for. AssertionError when it knows nobody."""
        external = self.control.person(person)["contacts"][0]["external_userid"]
        sql = "select customer_id from identity join origin using (origin_id) where value = :value"
        (row,) = self.rows(sql, value=external)
        return int(row.customer_id)

    def got(self, person: int, route: str = "wecom_group_send") -> list[tuple[datetime, str]]:
        """What the person received by a route according to the platform: (local time, text), in order."""
        return [
            (
                datetime.fromisoformat(one["at"]).astimezone(self.at.house.zone),
                str(one["title"] or one["data"].get("text")),
            )
            for one in self.control.person(person)["inbox"]
            if one["route"] == route
        ]


@contextmanager
def alone(server: Server, folder: Path, start: datetime, manner: str = "at_once", contacts: int = 0) -> Iterator[Alone]:
    """李四's company, whose live code stands on the platform. ``manner``: how 李四 confirms send tasks; ``contacts``:
    how many people added 李四 long ago."""
    with installation(server, folder, start) as at:
        know(public_url=at.public_url)
        at.control.move_to(at.clock.now())
        with at.house.open() as ctx:
            staff_id = team.add_staff(ctx, name="李四", roles=["sales"], userid=USERID)
            account_id, wecom_id = company.accounts(ctx, at.control)
        company.platform_side(at.control, company.Spec(0, at.public_url), account_id, wecom_id)
        by_hand = {"userid": USERID, "confirm": manner}
        at.control.set_accounts(wecom=[{"corpid": company.CORPID, "members": [by_hand]}])
        if manner == "at_once":
            # The draws depend on the texts, in which links have random codes: else one run in ten has an hour's delay.
            at.control.set_staff(delay_sigma=0.2)
        if contacts:
            known = {"corpid": company.CORPID, "userids": [USERID], "count": contacts, "at": start - timedelta(days=20)}
            at.control.add_people(count=contacts, model=QUIET, contacts=[known])
        with at.house.open() as ctx:
            file = content.upload(ctx, materials.EBOOK_PDF.read_bytes(), "ebook.pdf")
            made = [
                content.save_content(ctx, **piece, publish=True)  # type: ignore[arg-type]  # a table of keyword arguments
                for piece in materials.for_contacts(file.file_id)
            ]
            code = ChannelDefinition(name="门店海报", rotation=Rotation(members=(Member(staff_id=staff_id, weight=1),)))
            channels.add(ctx, kind="wecom_live_code", account_id=wecom_id, state="poster", definition=code)
            second = {"second_after": firm.SECOND, "second_text": firm.SECOND_WORDS}
            replies.save_welcome(ctx, NewWelcome("海报", "channel", "poster", Said(text=WELCOME), **second))  # type: ignore[arg-type]  # two fields
        place = Alone(at, "", {one.key: one.content_id for one in made})
        place.go_on(start + timedelta(minutes=10))
        with at.house.open() as ctx:
            (standing,) = channel_queries.channels(ctx)
        yield replace(place, config_id=standing.code.config_id or "")
