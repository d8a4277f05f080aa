"""The whole application over the test database, in process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from siyu.app.http import create_app
from siyu.kernel.clock import VirtualClock
from siyu.runtime.house import House
from siyu.team import actions as team
from siyu.team.types import Role
from tests.support.installation import settled
from tests.support.world import ZONE

PASSWORD = "a long enough passphrase"


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with little work: hundreds of sign-ins in these tests."""
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    team._decoy.cache_clear()
    monkeypatch.setattr(team, "_hasher", lambda: cheap)


@pytest.fixture
def house(engine: Engine, clock: VirtualClock, tmp_path: Path) -> Iterator[House]:
    with settled(tmp_path):
        yield House(engine, clock, ZONE)


@pytest.fixture
def app(house: House, tmp_path: Path) -> FastAPI:
    """Without built screens, whatever lies in the working tree."""
    return create_app(house, screens=tmp_path / "no-screens")


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Nobody is signed in."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Office:
    """Makes staff and keys, and clients that are signed in."""

    house: House
    client: TestClient

    def staff(self, login: str, *roles: Role) -> int:
        with self.house.open() as ctx:
            return team.add_staff(ctx, name=login, roles=roles, login=login, password=PASSWORD)

    def sign_in(self, *roles: Role) -> TestClient:
        """The client, signed in as new staff with these roles."""
        login = "-".join(roles)
        self.staff(login, *roles)
        answer = self.client.post("/api/team/sign-in", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return self.client

    def key(self, *scopes: str) -> dict[str, str]:
        """Headers of a new API key."""
        with self.house.open() as ctx:
            return {"authorization": f"Bearer {team.add_key(ctx, 'a key', scopes)[1]}"}


@pytest.fixture
def office(house: House, client: TestClient) -> Office:
    return Office(house, client)
