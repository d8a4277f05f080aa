"""An operator's desk: upload, map, check, apply over HTTP, with the ticks in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient

from siyu.customers.http import router as customers
from siyu.customers.importing import jobs
from siyu.customers.importing.http import router
from siyu.kernel.probes import answer
from tests.support.http import room_client
from tests.support.world import World


@dataclass(slots=True)
class Desk:
    world: World
    client: TestClient

    @classmethod
    def of(cls, world: World, may: tuple[str, ...] = ("*",)) -> Desk:
        return cls(world, room_client(world, router, customers, may=may))

    def upload(self, data: bytes, name: str = "客户.csv") -> dict[str, Any]:
        answer = self.client.post("/api/imports", files={"file": (name, data)})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def put(self, import_id: int, what: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.put(f"/api/imports/{import_id}/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def mapped(self, shown: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Confirms the suggested mapping."""
        columns = [{key: column[key] for key in ("index", "use", "name", "scope")} for column in shown["columns"]]
        return self.put(shown["import_id"], "mapping", {"columns": columns, **more})

    def step(self, import_id: int, verb: str) -> dict[str, Any]:
        """``check``, ``apply`` or ``cancel``, with all ticks that follow."""
        answer = self.client.post(f"/api/imports/{import_id}/{verb}")
        assert answer.status_code == 200, answer.text
        self.work()
        return self.shown(import_id)

    def work(self) -> None:
        due = True
        while due:
            with self.world.open() as ctx:
                at = answer(ctx, jobs.DUE)
                due = at is not None and at <= ctx.now and jobs.tick(ctx, 5000) > 0

    def shown(self, import_id: int) -> dict[str, Any]:
        return dict(self.client.get(f"/api/imports/{import_id}").json())

    def rows(self, import_id: int, **query: Any) -> list[dict[str, Any]]:
        answer = self.client.get(f"/api/imports/{import_id}/rows", params={"limit": 200, **query})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def imported(self, data: bytes, name: str = "客户.csv", **more: Any) -> dict[str, Any]:
        """Everything at once."""
        shown = self.upload(data, name)
        self.mapped(shown, **{"source_name": "crm", **more})
        checked = self.step(shown["import_id"], "check")
        assert checked["state"] == "checked", checked
        return self.step(shown["import_id"], "apply")
