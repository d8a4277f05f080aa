"""Private: the calling client of both platforms: pace, token, retries by class of error, honest outcomes."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from siyu.kernel.clock import machine
from siyu.kernel.db import forbid_transaction
from siyu.platforms.book import Book, Entry
from siyu.platforms.endpoints import Endpoint, Repeat
from siyu.platforms.tokens import Refused, Tokens
from siyu.platforms.transport import Http, NotSent, Uncertain, encoded, envelope, exchange
from siyu.platforms.types import LOCAL_CODES, Call, Outcome

TRIES = 3
PATIENCE = 1.0
"""Seconds that a call waits for its turn before it is handed back as retryable."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the platforms."""

    endpoints: Mapping[str, Endpoint]
    refresh: frozenset[int]
    busy: frozenset[int]
    later: frozenset[int]
    fetch: Callable[[Http, Entry, str], tuple[str, float]]
    secret_query: Callable[[Entry, Endpoint], dict[str, str]]
    quota_day: str | None


class UnknownEndpoint(LookupError):
    """A room named an endpoint that the table does not hold."""


@dataclass
class Client:
    """A Sender. One per platform and process; threads share it."""

    dialect: Dialect
    http: Http
    tokens: Tokens
    book: Book
    _turns: dict[tuple[int, str], deque[float]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def send(self, call: Call) -> Outcome:
        """Do one call (types.Sender). Raises UnknownEndpoint, ValueError for too many ids, TransactionOpen."""
        forbid_transaction()
        endpoint = self.dialect.endpoints.get(call.endpoint)
        if endpoint is None:
            raise UnknownEndpoint(call.endpoint)
        if endpoint.ids is not None:
            name, fewest, most = endpoint.ids
            ids = call.body.get(name)
            if not isinstance(ids, list | tuple) or not fewest <= len(ids) <= most:
                raise ValueError(f"{call.endpoint} takes {fewest} to {most} of {name}")
        entry = self.book.entry(call.account_id)
        if entry is None or not entry.secret:
            return _local(-103)
        until = self.book.blocked(call.account_id, endpoint.name)
        if until is not None:
            return Outcome(
                False, 45009, "blocked by the platform until its window ends", {}, retryable=True, retry_at=until
            )
        if not self._turn(call.account_id, endpoint):
            return _local(-105, retryable=True)
        return self._tries(call, endpoint, entry)

    def _turn(self, account_id: int, endpoint: Endpoint) -> bool:
        """Take one of the endpoint's places in the running minute; waits up to a second for one."""
        if endpoint.per_minute is None:
            return True
        patience = machine() + PATIENCE
        while True:
            with self._guard:
                at = machine()
                taken = self._turns.setdefault((account_id, endpoint.name), deque())
                while taken and not at - 60.0 < taken[0] <= at:
                    taken.popleft()
                if len(taken) < endpoint.per_minute:
                    taken.append(at)
                    return True
                free_at = taken[0] + 60.0
            if free_at > patience:
                return False
            time.sleep(max(0.0, free_at - at))

    def _tries(self, call: Call, endpoint: Endpoint, entry: Entry) -> Outcome:
        repeatable = endpoint.repeat is Repeat.SAFE or (endpoint.repeat is Repeat.KEYED and bool(call.key))
        refused = ""
        fresh = False
        # Once an answer was lost the call may have been done: a refused repetition under the same key proves nothing.
        doubt = False
        attempt = 0
        while True:
            attempt += 1
            try:
                token = self._token(entry, endpoint, refused)
                data = self._once(call, endpoint, entry, token)
            except Refused as refusal:
                return Outcome(False, refusal.code, refusal.message, {}, retryable=True, uncertain=doubt)
            except NotSent as error:
                if attempt < TRIES:
                    time.sleep(0.2 * 3**attempt)
                    continue
                return _local(-100, str(error), retryable=True, uncertain=doubt)
            except Uncertain as error:
                doubt = endpoint.repeat is not Repeat.SAFE
                if repeatable and attempt < TRIES:
                    time.sleep(0.1 * attempt)
                    continue
                return _local(-101, str(error), retryable=repeatable, uncertain=doubt)
            outcome = self._read(endpoint, call, data)
            if outcome.code in self.dialect.refresh and endpoint.auth == "token" and not fresh:
                refused, fresh = token, True
                continue
            if outcome.code in self.dialect.busy and attempt < TRIES:
                time.sleep(0.2 * attempt)
                continue
            return replace(outcome, uncertain=True) if doubt and not outcome.ok else outcome

    def _token(self, entry: Entry, endpoint: Endpoint, refused: str) -> str:
        if endpoint.auth == "secret":
            return ""

        def fetch(bad: str) -> tuple[str, float]:
            # Read again: a secret that was changed a moment ago must not be refused for the old one's sake.
            fresh = self.book.entry(entry.account.account_id, fresh=True)
            return self.dialect.fetch(self.http, fresh or entry, bad)

        try:
            return self.tokens.get(entry.account.account_id, "access", fetch, refused)
        except Uncertain as error:
            # Nothing but the token was asked for, so the call itself was not made.
            raise NotSent(str(error)) from None

    def _once(self, call: Call, endpoint: Endpoint, entry: Entry, token: str) -> dict[str, object]:
        body = dict(call.body)
        if endpoint.key_field and call.key:
            body[endpoint.key_field] = call.key
        query = {"access_token": token} if endpoint.auth == "token" else self.dialect.secret_query(entry, endpoint)
        url = entry.account.config["base_url"] + endpoint.path
        if endpoint.upload:
            content = body.pop("content")
            file = (
                str(body.pop("filename")),
                bytes(content) if isinstance(content, bytes) else b"",
                str(body.pop("content_type")),
            )
            query |= {name: str(value) for name, value in body.items()}
            return envelope(*exchange(self.http, "POST", url, query=query, file=file))
        if endpoint.method == "GET":
            query |= {name: str(value) for name, value in body.items()}
            return envelope(*exchange(self.http, "GET", url, query=query))
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return envelope(*exchange(self.http, "POST", url, query=query, content=encoded(body), headers=headers))

    def _read(self, endpoint: Endpoint, call: Call, data: dict[str, object]) -> Outcome:
        code = data.get("errcode", 0)
        code = code if isinstance(code, int) else -102
        message = str(data.get("errmsg", ""))
        if code == 0 or (code in endpoint.done_codes and call.key):
            return Outcome(True, code, message, data)
        if code == 45009:
            until = self.book.block(call.account_id, endpoint.name, seconds=60.0, day_of=self.dialect.quota_day)
            return Outcome(False, code, message, data, retryable=True, retry_at=until)
        return Outcome(
            False, code, message, data, retryable=code in self.dialect.busy | self.dialect.later | self.dialect.refresh
        )


def _local(code: int, message: str = "", *, retryable: bool = False, uncertain: bool = False) -> Outcome:
    return Outcome(False, code, message or LOCAL_CODES[code], {}, retryable=retryable, uncertain=uncertain)
