"""Statements of recording up to a few thousand events: five where the temporary table of larger sets needs nine.

The events are sent as one JSON text, made once: nine arrays cost the driver more than the statements cost the server.
[m] Processor time an event, Python and server, by the set's way and by this one: 440 and 130 us with 20 events, 200 and
90 with 50, 90 and 65 with 200, 64 and 45 with 1,000, the same with 4,000.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Integer, text

from siyu.customers.store.events import QUIET_TYPES, dumped, event_numbers
from siyu.customers.store.tables import Time
from siyu.customers.types import NewEvent
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import notation

FEW = 5_000
_SAID = "concat_ws(' ', i.type, extract(epoch from i.occurred_at), coalesce(i.content_id, -1), i.props)"
_CONTENT = f"hashtextextended({_SAID}, 0)"
_RECORDS = """jsonb_to_recordset(cast(:rows as jsonb)) as {}(hash uuid, who int, type text, occurred_at timestamptz,
  source text, key text, content_id int, props jsonb)"""
_ROWS = _RECORDS.format("i")
# With the event_id of each that is new.
_NEW = (
    f"(select i.*, o.customer_id, o.origin_id from rows from ({_RECORDS.format('')}, unnest(cast(:ids as bigint[])))"  # noqa: S608 - constants of this file
    " as i(hash, who, type, occurred_at, source, key, content_id, props, event_id)"
    " join origin o on o.origin_id = i.who where i.event_id is not null) i"
)
# In the order of the hash: two batches with common keys then wait for each other, never in a circle. Numbered before
# that, so that events have their ids in the order in which they were told.
_KEYS = text(
    f"insert into event_key (key_hash, content_hash, event_id, day)"  # noqa: S608 - constants of this file
    f" select i.hash, {_CONTENT}, i.event_id, (i.occurred_at at time zone 'UTC')::date"
    f" from (select i.*, nextval('event_id_seq') as event_id from {_ROWS}) i"
    f" order by i.hash on conflict do nothing returning replace(cast(key_hash as text), '-', ''), event_id"
)
_CONFLICT = text(
    f"select i.source, i.key from {_ROWS} join event_key k on k.key_hash = i.hash"  # noqa: S608 - constants of this file
    f" where k.content_hash <> {_CONTENT} limit 1"
)
_EVENTS = text(
    f"insert into event (customer_id, event_id, occurred_at, origin_id, recorded_at, type, source, key, content_id, props)"  # noqa: S608, E501 - constants of this file
    f" select i.customer_id, i.event_id, i.occurred_at, i.origin_id, :now, i.type, i.source, i.key, i.content_id,"
    f" i.props from {_NEW}"
)
# These need little of the events: arrays, which the server reads faster than the whole JSON again.
_QUEUE = text(
    "insert into pulse_queue (customer_id, event_id, slot, origin_id, occurred_at)"
    " select o.customer_id, i.event_id, o.customer_id & 255, o.origin_id, i.occurred_at"
    " from unnest(cast(:who as int[]), cast(:ids as bigint[]), cast(:times as timestamptz[]))"
    " as i(who, event_id, occurred_at) join origin o on o.origin_id = i.who"
)
_ACTIVITY = text(
    "insert into customer_activity (customer_id, last_activity_at)"
    " select o.customer_id, max(i.occurred_at)"
    " from unnest(cast(:who as int[]), cast(:times as timestamptz[])) as i(who, occurred_at)"
    " join origin o on o.origin_id = i.who group by 1 order by 1"
    " on conflict (customer_id) do update set last_activity_at = excluded.last_activity_at"
    " where customer_activity.last_activity_at < excluded.last_activity_at"
)
_UNKNOWN = text(
    f"select i.who from {_ROWS} left join origin o on o.origin_id = i.who where o.origin_id is null limit 1"  # noqa: S608 - constants of this file
)
_QUIET = frozenset(QUIET_TYPES)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Few:
    """Events on their way in; their keys are distinct. Of the first ``own`` nobody else can ever have the key."""

    def __init__(self, ctx: Ctx, events: Sequence[NewEvent], own: int = 0) -> None:
        self.ctx, self.events, self.own = ctx, events, own
        self.ids: Sequence[int | None] = ()
        hashes = [_hash(new) for new in events[own:]]
        self.hashes: Sequence[str] = hashes
        mine, keyed = _sent(ctx, events[:own], [None] * own), _sent(ctx, events[own:], hashes)
        self.parameters = {"rows": f"[{mine},{keyed}]" if mine and keyed else f"[{mine}{keyed}]"}
        _refuse_unstorable(events, self.parameters["rows"])
        self.keyed = {"rows": f"[{keyed}]"} if own else self.parameters

    def reserve(self) -> int:
        """Number the events and reserve their keys; of how many the key was free."""
        own = event_numbers(self.ctx, self.own)
        found: Mapping[str, int] = {}
        if self.hashes:
            found = {row[0]: row[1] for row in self.ctx.tx.execute(_KEYS, self.keyed).all()}
        self.ids = [*own, *map(found.get, self.hashes)]
        return self.own + len(found)

    def conflict(self) -> tuple[str, str] | None:
        """A (source, key) under which something else was recorded."""
        row = self.ctx.tx.execute(_CONFLICT, self.keyed).first()
        return (row.source, row.key) if row else None

    def write(self, *, known: bool = False) -> int | None:
        """Write those whose keys were reserved; an id that is no customer's when there is one (then roll back).

        ``known``: they all were customers' when they were told; who was erased since is left out.
        """
        ids = self.ids
        parameters = self.parameters | {"ids": notation(BigInteger(), ids), "now": self.ctx.now}
        written = self.ctx.tx.execute(_EVENTS, parameters).rowcount
        if written != sum(one is not None for one in ids) and not known:
            missing: int = self.ctx.tx.execute(_UNKNOWN, self.parameters).scalar_one()
            return missing
        new = [(one, event_id) for one, event_id in zip(self.events, ids, strict=True) if event_id is not None]
        self.ctx.tx.execute(
            _QUEUE,
            {
                "who": notation(Integer(), [_who(one) for one, _ in new]),
                "ids": notation(BigInteger(), [event_id for _, event_id in new]),
                "times": notation(Time, [one.occurred_at for one, _ in new]),
            },
        )
        latest: dict[int, datetime] = {}
        for one, _ in new:
            if one.type not in _QUIET:
                latest[_who(one)] = max(one.occurred_at, latest.get(_who(one), one.occurred_at))
        if latest:
            active = {"who": notation(Integer(), latest), "times": notation(Time, latest.values())}
            self.ctx.tx.execute(_ACTIVITY, active)
        return None


def _who(new: NewEvent) -> int:
    return new.customer_id if new.origin_id is None else new.origin_id


def _hash(new: NewEvent) -> str:
    """As ``md5(source || E'\\x1f' || key)::uuid`` of the set's statements."""
    return hashlib.md5(f"{new.source}\x1f{new.key}".encode(), usedforsecurity=False).hexdigest()


def suits(events: Sequence[NewEvent]) -> bool:
    """Few enough, and no two with the same key."""
    return len(events) <= FEW and len({(new.source, new.key) for new in events}) == len(events)


def _sent(ctx: Ctx, events: Sequence[NewEvent], hashes: Sequence[str] | Sequence[None]) -> str:
    """The events as elements of a JSON array: written at once, one by one costs the encoder's start for each."""
    sent = [
        {
            "hash": hashed,
            "who": _who(new),
            "type": new.type,
            "occurred_at": new.occurred_at.isoformat(),
            "source": new.source,
            "key": new.key,
            "content_id": new.content_id,
            "props": {**new.props, "quiet": True} if ctx.quiet else new.props,
        }
        for new, hashed in zip(events, hashes, strict=True)
    ]
    return _encode(sent)[1:-1]


def _refuse_unstorable(events: Sequence[NewEvent], written: str) -> None:
    if "\\u0000" in written or not _encodable(written):
        for place, new in enumerate(events):  # the whole says that something is wrong, each of them what it is
            dumped(new.props, f"events.{place}.props")


def _encodable(written: str) -> bool:
    try:
        written.encode()
    except UnicodeEncodeError:
        return False
    return True
