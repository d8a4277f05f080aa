"""Door: the types and errors of tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from siyu.kernel.errors import Conflict, Invalid, NotFound

NAME_LENGTH = 30
"""Longest name of a tag or group in characters, as the platforms count them (docs/platform.md)."""


class UnknownTag(NotFound):
    """There is no such tag."""

    code = "unknown_tag"


class UnknownGroup(NotFound):
    """There is no such group of tags."""

    code = "unknown_tag_group"


class BadTagName(Invalid):
    """A name is empty, longer than 30 characters, or holds a slash."""

    code = "bad_tag_name"


class TagNameTaken(Conflict):
    """Another group, or another tag of the group, has this name."""

    code = "tag_name_taken"


class TagRetired(Conflict):
    """The tag is retired: it stays where it is and may be removed, but not be given any more."""

    code = "tag_retired"


class TagInUse(Conflict):
    """Something depends on the tag; ``detail.used_by`` lists what."""

    code = "tag_in_use"


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag. ``path`` is ``group/name``, the form that people and files use."""

    tag_id: int
    group_id: int
    group: str
    name: str
    note: str
    retired: bool

    @property
    def path(self) -> str:
        return f"{self.group}/{self.name}"


@dataclass(frozen=True, slots=True)
class TagGroup:
    """A group with its tags in order of creation."""

    group_id: int
    name: str
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Why a customer carries a tag: the latest assignment. ``since`` is None when it is older than the timeline."""

    tag: Tag
    since: datetime | None
    by: str | None
    why: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a set operation did: ``count`` customers changed, under ``change_id`` (None when nobody did)."""

    change_id: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Use:
    """Something that depends on a tag (a segment, a journey): shown when deleting is refused."""

    kind: str
    id: int
    name: str

    def as_detail(self) -> Mapping[str, object]:
        return {"kind": self.kind, "id": self.id, "name": self.name}
