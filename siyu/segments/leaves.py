"""Door: leaf kinds, and what it takes to write one.

Rooms above ``segments`` subclass ``Kind`` in their leaves.py and ``runtime`` registers them. A kind means one thing
in three ways: ``sql`` over a frame (a set or the population), ``read`` over facts in memory, and ``depends`` with
``changed`` / ``due`` for what may change it. Leaves are two-valued: ``sql`` must never answer NULL, ``read`` never
raises for missing facts.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import ColumnElement, Select

from siyu.kernel.ctx import Ctx
from siyu.segments.frame import Frame
from siyu.segments.sqlterms import crossed, leaving, windowed
from siyu.segments.terms import Window
from siyu.segments.types import At, Depends, Doubt, Facts, Params, Seen

P = TypeVar("P", bound=Params)


class Kind(Generic[P]):
    """One leaf kind. ``title`` is (English, Chinese); ``name`` is also its share of ``Facts.data``.

    ``word`` is how an explanation reads, (English, Chinese), with {param} and {seen.value} to be filled in.
    """

    name: ClassVar[str]
    title: ClassVar[tuple[str, str]]
    word: ClassVar[tuple[str, str]]
    params: type[P]

    def resolve(self, ctx: Ctx, params: P, field: str) -> P:
        """Turn names into ids and check against the database; raises BadCondition with a path below ``field``."""
        return params

    def named(self, ctx: Ctx, params: P) -> P:
        """The opposite of ``resolve``, for files that people read and that move between installations."""
        return params

    def sql(self, frame: Frame, params: P) -> ColumnElement[bool]:
        """The leaf as an expression over the frame, TRUE or FALSE, never NULL."""
        raise LookupError(self.name)

    def load(self, ctx: Ctx, leaves: Sequence[P], who: Select[Any]) -> Mapping[int, object]:
        """What ``read`` needs, per customer of ``who``, for all these leaves in a fixed number of statements."""
        raise LookupError(self.name)

    def read(self, params: P, facts: Facts, at: At) -> Seen:
        """The leaf for one customer, with the values that it saw."""
        raise LookupError(self.name)

    def depends(self, params: P) -> Depends:
        """What can change it besides time."""
        raise LookupError(self.name)

    def entered(self, params: P) -> bool:
        """Whether it counts from the entering of a journey, which a saved segment does not know."""
        return False

    def doubt(self, ctx: Ctx, params: P, seen: Mapping[str, object] | None) -> Doubt:
        """What chats that nobody sees could do to it: of anybody, or of the person about whom ``read`` saw ``seen``."""
        return Doubt()

    def changed(self, frame: Frame, params: P, before: datetime) -> Select[Any] | None:
        """Customers for whom time alone may have changed the leaf between ``before`` and ``frame.now``."""
        return None

    def due(self, frame: Frame, params: P) -> Sequence[Select[Any] | datetime]:
        """When time alone will next change the leaf for somebody of the frame: times, and Selects of one time."""
        return ()


_kinds: dict[str, Kind[Any]] = {}


def register(kind: Kind[Any]) -> None:
    """Offer a kind; registering the same name again replaces it."""
    _kinds[kind.name] = kind


def kind(name: str) -> Kind[Any] | None:
    """The kind of this name, None when no room offers it."""
    return _kinds.get(name)


def kinds() -> list[Kind[Any]]:
    """All kinds, by name."""
    return [_kinds[name] for name in sorted(_kinds)]


__all__ = [
    "At",
    "Depends",
    "Doubt",
    "Facts",
    "Frame",
    "Kind",
    "Params",
    "Seen",
    "Window",
    "crossed",
    "kind",
    "kinds",
    "leaving",
    "register",
    "windowed",
]
