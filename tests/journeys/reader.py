"""An operator who follows every count of a wave to its people, page by page."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import siyu.journeys.http
import siyu.outreach.http
from tests.support.http import room_client
from tests.support.world import World

FEW = 3
"""Rows of a page: fewer than most counts."""


class Reader:
    """An operator who follows every count."""

    def __init__(self, client: Any, journey_id: int) -> None:
        self.client = client
        self.base = f"/api/journeys/{journey_id}"
        self.journey_id = journey_id

    def wave(self, **version: int) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"{self.base}/wave", params=version).json()
        return found

    def pages(self, path: str, query: Mapping[str, object], cursor: str = "cursor") -> Iterator[list[dict[str, Any]]]:
        at: dict[str, object] = {}
        while True:
            page = self.client.get(path, params={"limit": FEW, **query, **at})
            assert page.status_code == 200, page.text
            yield page.json()["items"]
            if page.json()["next"] is None:
                return
            at = {cursor: page.json()["next"]}

    def rows(self, path: str, query: Mapping[str, object], cursor: str = "cursor") -> list[dict[str, Any]]:
        return [row for page in self.pages(path, query, cursor) for row in page]

    def agree(self, **version: int) -> int:
        """Every count has as many rows; returns how many counts above zero there were."""
        wave = self.wave(**version)
        members, passed = f"{self.base}/enrolments", f"{self.base}/passages"
        told: Counter[str] = Counter()
        seen: Counter[str] = Counter()

        def compare(name: str, count: int, rows: list[dict[str, Any]]) -> None:
            told[name], seen[name] = count, len(rows)

        compare("entered", wave["entered"], self.rows(members, version))
        compare("active", wave["active"], self.rows(members, {"active": True, **version}))
        for reason, count in wave["ended"].items():
            rows = self.rows(members, {"active": False, "reason": reason, **version})
            compare(f"ended {reason}", count, rows)
            assert all(row["ended_at"] and row["reason"] == reason for row in rows)
        for goal, count in wave["goals"].items():
            compare(f"goal {goal}", count, self.rows(f"{self.base}/goals/{goal}", version))
        for node in wave["nodes"]:
            here = self.rows(members, {"node": node["id"], "active": True, **version})
            compare(f"here {node['id']}", node["here"], here)
            for reason, count in node["ended"].items():
                rows = self.rows(members, {"node": node["id"], "active": False, "reason": reason, **version})
                compare(f"ended {node['id']} {reason}", count, rows)
        for edge in wave["edges"]:
            if edge["target"] is not None:
                query = {name: edge[name] for name in ("source", "edge", "target") if edge[name] is not None}
                rows = self.rows(passed, {**query, **version})
                compare(f"edge {query}", edge["count"], rows)
                assert len({(row["enrolment_id"], row["at"]) for row in rows}) == len(rows)
        of = {"kind": "journey", "id": self.journey_id, "version": wave["version"]}
        for step in self.client.get("/api/outreach/steps", params=of).json():
            query = {name: step[name] for name in ("node", "state", "reason", "route") if step[name] is not None}
            compare(
                f"send {query}", step["requests"], self.rows("/api/outreach/steps/requests", {**of, **query}, "after")
            )
        assert seen == told
        return sum(1 for count in told.values() if count)


def reader(world: World, journey_id: int) -> Reader:
    """An operator who may read journeys and outreach."""
    may = ("journeys.read", "outreach.read")
    routers = (siyu.journeys.http.router, siyu.outreach.http.router)
    return Reader(room_client(world, *routers, may=may), journey_id)
