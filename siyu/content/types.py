"""Door: the values and errors of content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from siyu.content.bodies import BadContent as BadContent
from siyu.content.bodies import Body
from siyu.kernel.errors import Conflict, Invalid, NotFound


class Kind(StrEnum):
    """What a piece of content is."""

    ARTICLE = "article"
    EBOOK = "ebook"
    LINK = "link"
    FORM = "form"
    LANDING = "landing"
    IMAGE = "image"
    TEXT = "text"
    TEMPLATE = "template"


PAGES = frozenset({Kind.ARTICLE, Kind.EBOOK, Kind.LINK, Kind.FORM, Kind.LANDING, Kind.IMAGE})
"""The kinds that a link can lead to."""


@dataclass(frozen=True, slots=True)
class Content:
    """One piece of content at one version. ``published`` is the version that readers get, None for a draft."""

    content_id: int
    key: str
    kind: Kind
    version: int
    latest: int
    published: int | None
    title: str
    digest: str
    body: Body
    created_at: datetime
    updated_at: datetime
    archived: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """A row of the library list; ``cover`` and ``file`` are the file_ids that its latest version names."""

    content_id: int
    key: str
    kind: Kind
    title: str
    latest: int
    published: int | None
    updated_at: datetime
    archived: bool
    cover: int | None
    file: int | None


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file; ``pages`` is the number of pages of a PDF, else None; ``size`` in bytes."""

    file_id: int
    kind: str
    media_type: str
    name: str
    size: int
    pages: int | None
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class LinkContext:
    """Why a link exists: ``purpose`` such as ``journey:3/push``, and the account whose OAuth may ask who reads."""

    purpose: str
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One link: a content, a purpose, and the account it was made for."""

    link_id: int
    content_id: int
    purpose: str
    account_id: int | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a route sends, before it is made personal by ``queries.personalise``.

    ``fields`` are the attributes that the text needs per person; ``personal`` is True when the body differs from
    person to person (fields or personal links). ``draft`` is the article that ``draft_add`` wants first (mass send
    of a page); its ``thumb_media_id`` is the caller's part. ``payload`` and ``links`` are private to content.
    """

    route: str
    kind: str
    content_id: int | None
    version: int | None
    title: str
    fields: tuple[str, ...]
    personal: bool
    payload: Mapping[str, object]
    links: Mapping[str, int] = field(default_factory=dict)
    draft: Mapping[str, object] | None = None
    cover_file: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """Something that sends a content (a welcome, a journey): shown when archiving is refused."""

    kind: str
    id: int
    name: str

    def as_detail(self) -> Mapping[str, object]:
        return {"kind": self.kind, "id": self.id, "name": self.name}


class FieldsNotAllowed(Invalid):
    """Content fields such as {{name}} stand where the same words go to everybody."""

    code = "fields_not_allowed"


class UnknownField(Invalid):
    """A {{field}} names neither an attribute of customers nor a link."""

    code = "unknown_field"


class UnknownContent(Invalid):
    """A content key named inside the input does not exist or is of the wrong kind."""

    code = "unknown_content"


class NotSendable(Invalid):
    """This kind of content cannot go by that route."""

    code = "not_sendable"


class NotPublished(Conflict):
    """The content has no published version."""

    code = "not_published"


class KindFixed(Conflict):
    """A content never changes its kind; make another one."""

    code = "kind_fixed"


class KeyTaken(Conflict):
    """Another content has this key, and the writer meant a new one."""

    code = "key_taken"


class ContentChanged(Conflict):
    """Somebody else saved a version of this content since the writer began; ``detail.latest`` is theirs."""

    code = "content_changed"


class ContentUsed(Conflict):
    """Something sends the content; ``detail.used_by`` lists what."""

    code = "content_used"


class BadFile(Invalid):
    """The upload is empty, too large, damaged, or not what its name says."""

    code = "bad_file"


class NoSuchContent(NotFound):
    """There is no such content."""

    code = "no_such_content"
