"""One method per call of the sandbox's control API; bodies and answers are as docs/sandbox.md states them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx2

from siyu.kernel.db import forbid_transaction


class SandboxRefused(RuntimeError):
    """The sandbox answered with an error; the message holds its body."""


class SandboxUnreachable(ConnectionError):
    """The sandbox did not answer."""


@dataclass(frozen=True, slots=True)
class SandboxClock:
    """Where the sandbox stands. ``delivered``: callbacks answered 200, ``acted``: things people did, by this move."""

    mode: str
    now: datetime
    next_due: datetime | None
    quiet: bool
    delivered: int
    acted: int


class SandboxControl:
    """Use ``with SandboxControl(url) as sandbox``; ``url`` is what the sandbox printed.

    A move of the clock answers when the sandbox is quiet; a long jump of a large world may take ``timeout`` seconds.
    """

    def __init__(self, url: str, *, timeout: float = 3600.0) -> None:
        self.url = url.rstrip("/")
        self.http = httpx2.Client(timeout=httpx2.Timeout(timeout, connect=5.0), trust_env=False)

    def __enter__(self) -> "SandboxControl":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    @property
    def oa_url(self) -> str:
        """Value of base_url and qr_url of an Official Account."""
        return f"{self.url}/oa"

    @property
    def wecom_url(self) -> str:
        """Value of base_url of a WeCom app. ``url`` itself is the oauth_url of both."""
        return f"{self.url}/wecom"

    def clock(self) -> SandboxClock:
        """Where the sandbox stands."""
        return _clock(self._ask("GET", "clock"))

    def move_to(self, now: datetime) -> SandboxClock:
        """Set the virtual clock, doing everything due up to then."""
        return _clock(self._ask("POST", "clock", {"mode": "virtual", "now": now.isoformat()}))

    def run_scaled(self, base: datetime, factor: float) -> SandboxClock:
        """Let it run by itself, ``factor`` times as fast as the machine."""
        return _clock(self._ask("POST", "clock", {"mode": "scaled", "base": base.isoformat(), "factor": factor}))

    def run_system(self) -> SandboxClock:
        """Let it run on the system's time."""
        return _clock(self._ask("POST", "clock", {"mode": "system"}))

    def set_accounts(self, **accounts: object) -> dict[str, Any]:
        """Create or update ``official_accounts=[...]`` and ``wecom=[...]``."""
        return self._ask("POST", "accounts", accounts)

    def accounts(self) -> dict[str, Any]:
        """What accounts there are."""
        return self._ask("GET", "accounts")

    def verify(self, account: str, agentid: int | None = None) -> dict[str, Any]:
        """Let the platform check the callback URL."""
        return self._ask("POST", "accounts/verify", {"account": account} | ({"agentid": agentid} if agentid else {}))

    def add_people(self, **population: object) -> dict[str, Any]:
        """Make people; the same ``key`` again answers the first result."""
        return self._ask("POST", "people", population)

    def arrivals(self, **arrivals: object) -> dict[str, Any]:
        """Let new people follow within a span."""
        return self._ask("POST", "arrivals", arrivals)

    def act(self, person: int | str, act: str, **fields: object) -> dict[str, Any]:
        """Let a person do something; answers when it and its callbacks are done."""
        return self._ask("POST", f"people/{quote(str(person), safe='')}/act", {"act": act} | fields)

    def member_act(self, userid: str, act: str, **fields: object) -> dict[str, Any]:
        """Let a member of a corp do something."""
        return self._ask("POST", f"members/{quote(userid, safe='')}/act", {"act": act} | fields)

    def set_staff(self, **model: object) -> dict[str, Any]:
        """Change how members confirm their tasks; parameters not named stay."""
        return self._ask("POST", "staff", {"model": model})

    def broadcasts(self, **span: object) -> dict[str, Any]:
        """Group sends with each member's task and the fate of its recipients."""
        return self._ask("GET", "broadcasts", query=span)

    def archive(self, **filters: object) -> dict[str, Any]:
        """Archived messages of a corp after ``seq``."""
        return self._ask("GET", "archive", query=filters)

    def shop(self, **told: object) -> dict[str, Any]:
        """Let the company's shop report ``buyers=[...]`` and ``orders=[...]`` to the API at ``url``."""
        return self._ask("POST", "shop", told)

    def person(self, person: int | str) -> dict[str, Any]:
        """One person: profile, follows, contacts, inbox, acts."""
        return self._ask("GET", f"people/{quote(str(person), safe='')}")

    def people(self, **filters: object) -> dict[str, Any]:
        """A page of people of an account."""
        return self._ask("GET", "people", query=filters)

    def set_faults(self, **faults: object) -> dict[str, Any]:
        """Change faults; those not named stay."""
        return self._ask("POST", "faults", faults)

    def log(self, **filters: object) -> dict[str, Any]:
        """Entries of the sandbox's own log."""
        return self._ask("GET", "log", query=filters)

    def counts(self, **span: object) -> dict[str, Any]:
        """All counts, or those within since and until."""
        return self._ask("GET", "counts", query=span)

    def received(self, **filters: object) -> dict[str, Any]:
        """Who received what."""
        return self._ask("GET", "received", query=filters)

    def acted(self, **filters: object) -> dict[str, Any]:
        """Who did what."""
        return self._ask("GET", "acted", query=filters)

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        # The sandbox calls back into Siyu before it answers: with a transaction open the two could wait for each other.
        forbid_transaction()
        params = {name: _plain(value) for name, value in (query or {}).items() if value is not None}
        try:
            answer = self.http.request(method, f"{self.url}/_sandbox/{path}", params=params, json=_timed(body))
        except httpx2.TransportError as error:
            raise SandboxUnreachable(f"{method} {path}: {type(error).__name__}") from error
        if answer.status_code >= 400:
            raise SandboxRefused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        data = answer.json()
        if not isinstance(data, dict):
            raise SandboxRefused(f"{method} {path}: the answer is not an object")
        return data


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _timed(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _timed(item) for key, item in value.items()}
    return [_timed(item) for item in value] if isinstance(value, list | tuple) else value


def _clock(data: Mapping[str, Any]) -> SandboxClock:
    due = data.get("next_due")
    return SandboxClock(
        mode=str(data["mode"]),
        now=datetime.fromisoformat(data["now"]),
        next_due=datetime.fromisoformat(due) if due else None,
        quiet=bool(data.get("quiet", True)),
        delivered=int(data.get("delivered", 0)),
        acted=int(data.get("acted", 0)),
    )
