"""Door: the types and errors of tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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


class TagReadOnly(TagRetired):
    """The tag is a platform's own: Siyu may not change it there, so it is not changed, given or taken here."""

    code = "tag_read_only"


class BadSync(Invalid):
    """The group cannot be told to this account: the account has no tags, or is switched off."""

    code = "bad_tag_sync"


class BadTagMerge(Invalid):
    """Two tags cannot become one this way; ``field`` names what is wrong."""

    code = "bad_tag_merge"


class TagMerged(Conflict):
    """The tag was merged into another one, which it is from then on."""

    code = "tag_merged"


class TagInUse(Conflict):
    """Something depends on the tag; ``detail.used_by`` lists what."""

    code = "tag_in_use"


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag. ``path`` is ``group/name``, the form that people and files use.

    ``merged_into``: the tag that it is by now; nobody carries it any more. ``read_only``: only its platform gives it.
    """

    tag_id: int
    group_id: int
    group: str
    name: str
    note: str
    retired: bool
    created_at: datetime
    merged_into: int | None
    read_only: bool

    @property
    def path(self) -> str:
        return f"{self.group}/{self.name}"

    @property
    def home(self) -> int:
        """The tag_id that is meant by this tag: its own, or that of the tag it was merged into."""
        return self.merged_into or self.tag_id


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


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two tags that nearly the same people carry: ``both`` of the people looked at, ``of_tag``, ``of_other``."""

    tag_id: int
    other_id: int
    both: int
    of_tag: int
    of_other: int

    @property
    def share(self) -> float:
        """How many of those who carry either carry both, 0 to 1."""
        return self.both / (self.of_tag + self.of_other - self.both)


@dataclass(frozen=True, slots=True)
class Hygiene:
    """What of the taxonomy wants tidying, by tag_id; retired tags are left out.

    ``unused``: nobody carries it. ``unexplained``: no note says what it means and nothing gives it by rule. ``stale``:
    people carry it, but nobody was given it for ``days``. ``overlapping``: seen among ``people``, which are all who
    carry tags unless ``sampled``.
    """

    days: int
    unused: tuple[int, ...]
    unexplained: tuple[int, ...]
    stale: tuple[int, ...]
    overlapping: tuple[Overlap, ...]
    people: int
    sampled: bool


@dataclass(frozen=True, slots=True)
class TagChange:
    """One change of who carries a tag: ``customers`` got it (``added``) or lost it, by whom and why."""

    change_id: int
    at: datetime
    added: bool
    customers: int
    by: str
    why: str


Rights = Literal["all", "mark", "read"]
"""What Siyu may do to a tag on its platform: everything, because Siyu made it; give and take it; only read it."""


@dataclass(frozen=True, slots=True)
class RemoteTag:
    """A tag as a platform lists it."""

    remote_id: str
    name: str
    rights: Rights = "mark"


@dataclass(frozen=True, slots=True)
class RemoteGroup:
    """A group as a platform lists it. An Official Account has no groups: all its tags are one."""

    remote_id: str
    name: str
    tags: tuple[RemoteTag, ...]
    rights: Rights = "mark"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a follow carries on its platform, as read at ``asked_at``; ``position`` was taken before it was asked.

    ``tags``: the platform's ids of them. ``named``: groups of those whose names the reading told. ``partial``: the
    reading does not tell all tags that only the platform gives, so one that it leaves out may be there.
    """

    account_id: int
    staff: str
    tags: tuple[str, ...]
    named: tuple[RemoteGroup, ...] = ()
    partial: bool = False
    asked_at: datetime | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class GroupPlace:
    """A group of ours at an account: what it is called there, whether its tags are told to it (``outward``)."""

    account_id: int
    group_id: int
    name: str
    rights: Rights
    outward: bool
    made: bool


@dataclass(frozen=True, slots=True)
class TagPlace:
    """A tag of ours at an account: ``problem`` says why it is not there."""

    account_id: int
    tag_id: int
    name: str
    rights: Rights
    problem: str
    made: bool


@dataclass(frozen=True, slots=True)
class Untold:
    """How many customers an account is still to be told of (``waits``), or could not be, and why."""

    account_id: int
    problem: str
    waits: bool
    customers: int


@dataclass(frozen=True, slots=True)
class SyncState:
    """An account whose tags are kept in step: when its taxonomy was compared last, and what it is not told yet."""

    account_id: int
    name: str
    kind: str
    looked_at: datetime | None
    problem: str
    untold: tuple[Untold, ...]
