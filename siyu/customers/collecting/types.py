"""Private to customers: values and errors of collecting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from siyu.customers.types import Identity
from siyu.kernel.errors import Invalid, NotFound

MOST_BYTES = 8 * 1024
PER_MINUTE = 60
OLDEST = timedelta(hours=24)
"""An event may have happened so long before it is sent (a phone that was offline)."""


class BadSiteKey(Invalid):
    """The body is no JSON object, or its site key is missing, malformed or unknown."""

    code = "bad_site_key"


class UnknownSite(NotFound):
    """No site has this id."""

    code = "unknown_site"


class BadOrigin(Invalid):
    """An origin is not written as https://host, http://host:port or https://servicewechat.com/appid."""

    code = "bad_origin"


@dataclass(frozen=True, slots=True)
class Site:
    """A web site or mini-program that may send events. ``secret`` signs the tokens that say who a visitor is."""

    site_id: int
    key: str
    name: str
    origins: tuple[str, ...]
    secret: str
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """One event as a browser tells it."""

    id: str
    type: str
    ago: timedelta
    url: str = ""
    referrer: str = ""
    title: str = ""
    props: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What a token says: who the visitor is."""

    identities: Sequence[Identity]
    token_id: str
