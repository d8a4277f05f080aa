"""A company with a live code, over the real sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient

from siyu.channels.http import router
from siyu.runtime import worker
from siyu.runtime.house import House
from siyu.segments.http import router as segments
from siyu.team import queries as team
from tests.platforms.sandboxed import Platforms
from tests.support.http import room_client
from tests.support.world import ZONE


@dataclass
class Shop:
    """``http`` speaks as an operator; ``rest`` lets the house come to rest."""

    outside: Platforms
    staff: dict[str, int] = field(default_factory=dict)
    http: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = room_client(self.outside.world, router, segments, senders=self.outside.senders)

    def rest(self) -> None:
        world = self.outside.world
        worker.drain(House(world.engine, world.clock, ZONE, self.outside.senders))

    def meet(self) -> None:
        """Read the directory and the groups; who works here is then known by userid."""
        self.rest()
        with self.outside.world.open() as ctx:
            self.staff = {member.userid: member.staff_id for member in team.staff(ctx) if member.userid}

    def members(self, *userids: str, **each: Any) -> list[dict[str, Any]]:
        """Members of a rotation who all have the same terms."""
        return [{"staff_id": self.staff[userid], **each} for userid in userids]

    def ask(self, method: str, path: str, body: object = None, *, status: int = 200, **query: Any) -> Any:
        answer = self.http.request(method, f"/api/channels{path}", json=body, params=query)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def add(self, kind: str, *, state: str = "expo", **definition: Any) -> int:
        account = None if kind == "link" else self.outside.oa if kind == "oa_qr" else self.outside.wecom
        body = {"kind": kind, "account_id": account, "state": state, "definition": {"name": "展会", **definition}}
        made: int = self.ask("POST", "", body, status=201)["channel_id"]
        self.rest()
        return made

    def change(self, channel_id: int, **definition: Any) -> Any:
        now = self.ask("GET", f"/{channel_id}")
        body = {"version": now["version"], "definition": now["definition"] | definition}
        changed = self.ask("PUT", f"/{channel_id}", body)
        self.rest()
        return changed

    def figures(self, channel_id: int, **period: str) -> tuple[int, int, int, int | None]:
        items = self.ask("GET", "", status=200, **period)["items"]
        (found,) = [one["figures"] for one in items if one["channel"]["channel_id"] == channel_id]
        return found["arrivals"], found["people"], found["cost"], found["cost_per_person"]

    def scan(self, config_id: str, people: Sequence[int]) -> list[str]:
        """Each scans and the house rests before the next; to whom each came."""
        whom = []
        for person in people:
            self.outside.sandbox.act(person, "scan_way", config_id=config_id)
            self.rest()
            contacts = self.outside.sandbox.person(person)["contacts"]
            whom.append(str(contacts[-1]["userid"]))
        return whom

    def config(self, channel_id: int) -> str:
        return str(self.outside.world.value("select config_id from channel_code where channel_id = :id", id=channel_id))
