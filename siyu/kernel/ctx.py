"""The context that every action and query takes: who acts, when, in which transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from siyu.kernel.errors import Forbidden

ActorKind = Literal["staff", "api_key", "rule", "system", "visitor"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who causes a change. ``label`` is what provenance and audit show (``staff:12``, ``journey:3/push``)."""

    kind: ActorKind
    label: str
    id: int | None = None
    permissions: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Whether the actor holds ``permission``; the system and rules hold every one."""
        return self.kind in ("system", "rule") or "*" in self.permissions or permission in self.permissions


SYSTEM = Actor("system", "system")


@dataclass(frozen=True, slots=True)
class Ctx:
    """One transaction's context. ``now`` was read once at the edge; ``zone`` is the company's time zone.

    ``system_time`` is False under a virtual or scaled clock; only rules about platform windows of a minute
    or less read it (they then count machine time). ``quiet``: what happens in this transaction starts no journey
    (an import without leave).
    """

    tx: Connection
    now: datetime
    actor: Actor
    zone: ZoneInfo
    system_time: bool = True
    quiet: bool = False

    def acting(self, actor: Actor) -> "Ctx":
        """The same transaction on behalf of ``actor``."""
        return replace(self, actor=actor)

    def require(self, permission: str) -> None:
        """Raise ``Forbidden`` unless the actor holds ``permission``."""
        if not self.actor.may(permission):
            raise Forbidden(f"this needs the permission {permission}", detail={"permission": permission})
