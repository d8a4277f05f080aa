"""Writes that may be repeated: a key, what it stood for, and the answer, kept in the transaction of the write itself.

So a crash loses both or neither, and of two simultaneous requests with one key the second waits and gets the first's
answer. Answers are encrypted: some show a secret once. Kept for a day of machine time, since clients retry in it.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Column, Double, Integer, Named, Table, Text, TypedColumns, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from siyu.kernel.clock import machine
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import metadata
from siyu.kernel.errors import Conflict, Invalid
from siyu.kernel.probes import MACHINE, Probe
from siyu.kernel.secrets import decrypt, encrypt

KEPT_SECONDS = 86_400.0
HEADER = "Idempotency-Key"


class KeyColumns(TypedColumns):
    actor = Column(Text, primary_key=True)
    key = Column(Text, primary_key=True)
    stands_for: Named[str] = Column(Text)
    machine: Named[float] = Column(Double, index=True)
    status: Named[int | None] = Column(Integer)
    media_type: Named[str | None] = Column(Text)
    body: Named[str | None] = Column(Text)


table = Table("idempotency_key", metadata, KeyColumns)


class BadIdempotencyKey(Invalid):
    """The Idempotency-Key is empty, longer than 128 characters, or not of visible ASCII characters."""

    code = "bad_idempotency_key"


class IdempotencyConflict(Conflict):
    """The Idempotency-Key came before with another request."""

    code = "idempotency_conflict"


class IdempotencyUnsupported(Invalid):
    """This route takes no Idempotency-Key: it calls a platform or takes a file."""

    code = "idempotency_unsupported"


@dataclass(frozen=True, slots=True)
class Claim:
    """A key as it came with a request; ``stands_for`` is a digest of the request."""

    key: str
    stands_for: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; ``body`` as it went over the wire."""

    status: int
    media_type: str | None
    body: bytes


def claim_of(key: str, *request: bytes) -> Claim:
    """The claim of a key and the parts of its request. Raises BadIdempotencyKey."""
    if not 1 <= len(key) <= 128 or not all("!" <= letter <= "~" for letter in key):
        raise BadIdempotencyKey("1 to 128 visible ASCII characters", field=HEADER)
    digest = hashlib.sha256()
    for part in request:
        digest.update(len(part).to_bytes(8, "big") + part)
    return Claim(key, digest.hexdigest())


def take(ctx: Ctx, claim: Claim) -> Answer | None:
    """Take the key for the actor of ``ctx``; the answer of before if it was taken. Raises IdempotencyConflict."""
    at = machine()
    old = delete(table).where(table.c.actor == ctx.actor.label, table.c.key == claim.key)
    ctx.tx.execute(old.where(table.c.machine < at - KEPT_SECONDS))
    fresh = upsert(table).values(actor=ctx.actor.label, key=claim.key, stands_for=claim.stands_for, machine=at)
    if ctx.tx.execute(fresh.on_conflict_do_nothing().returning(table.c.key)).one_or_none() is not None:
        return None
    row = ctx.tx.execute(select(table).where(table.c.actor == ctx.actor.label, table.c.key == claim.key)).one()
    if row.stands_for != claim.stands_for:
        raise IdempotencyConflict("this key came before with another request", field=HEADER)
    return Answer(row.status, row.media_type, bytes.fromhex(decrypt(row.body)))


def keep(ctx: Ctx, claim: Claim, answer: Answer) -> None:
    """Keep the answer of a key that this transaction took."""
    kept = {"status": answer.status, "media_type": answer.media_type, "body": encrypt(answer.body.hex())}
    ctx.tx.execute(update(table).where(table.c.actor == ctx.actor.label, table.c.key == claim.key).values(**kept))


def forget(ctx: Ctx, limit: int) -> int:
    """Forget keys older than a day; returns how many."""
    old = select(table.c.actor, table.c.key).where(table.c.machine < machine() - KEPT_SECONDS).limit(limit).subquery()
    statement = delete(table).where(table.c.actor == old.c.actor, table.c.key == old.c.key)
    return ctx.tx.execute(statement).rowcount


OLD: Probe[bool] = Probe(
    (select(table.c.key).where(table.c.machine < MACHINE - KEPT_SECONDS).exists(),), lambda _, values: bool(values[0])
)
"""Whether keys are to be forgotten."""
