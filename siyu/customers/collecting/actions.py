"""Private to customers: sites, and taking in what their visitors do."""

import secrets
import string
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from siyu.customers import actions as customers
from siyu.customers.collecting import reading, store
from siyu.customers.collecting.types import PER_MINUTE, BadSiteKey, Seen, Site, Told, UnknownSite
from siyu.customers.types import ANONYMOUS, EventConflict, Identity, NewVisit, Record, Touch
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.kernel.db import savepoint
from siyu.kernel.secrets import decrypt, encrypt

_ALPHABET = string.ascii_letters + string.digits
SHOWN_DAYS = 7


def _site(row: Any) -> Site:
    return Site(row.site_id, row.key, row.name, tuple(row.origins), decrypt(row.secret), row.active, row.created_at)


def create_site(ctx: Ctx, name: str, origins: Sequence[str]) -> Site:
    """A new site with its key and secret. Raises BadOrigin."""
    checked = list(dict.fromkeys(reading.origin(one) for one in origins))
    key = "".join(secrets.choice(_ALPHABET) for _ in range(20))
    site_id = store.add_site(ctx, key, name, checked, encrypt(secrets.token_urlsafe(32)))
    audit.record(ctx, "customers.create_site", "site", site_id, origins=checked)
    return site(ctx, site_id)


def change_site(ctx: Ctx, site_id: int, name: str, origins: Sequence[str], *, active: bool) -> Site:
    """Change a site. Raises UnknownSite, BadOrigin."""
    checked = list(dict.fromkeys(reading.origin(one) for one in origins))
    if not store.change_site(ctx, site_id, {"name": name, "origins": checked, "active": active}):
        raise UnknownSite(f"there is no site {site_id}", field="site_id")
    audit.record(ctx, "customers.change_site", "site", site_id, origins=checked, active=active)
    return site(ctx, site_id)


def new_secret(ctx: Ctx, site_id: int) -> Site:
    """Give a site another secret; tokens signed with the old one are not believed any more. Raises UnknownSite."""
    if not store.change_site(ctx, site_id, {"secret": encrypt(secrets.token_urlsafe(32))}):
        raise UnknownSite(f"there is no site {site_id}", field="site_id")
    audit.record(ctx, "customers.new_site_secret", "site", site_id)
    return site(ctx, site_id)


def sites(ctx: Ctx) -> list[Site]:
    """All sites."""
    return [_site(row) for row in store.sites(ctx)]


def site(ctx: Ctx, site_id: int) -> Site:
    """One site; raises UnknownSite."""
    row = store.site_by(ctx, site_id=site_id)
    if row is None:
        raise UnknownSite(f"there is no site {site_id}", field="site_id")
    return _site(row)


def dropped(ctx: Ctx) -> dict[int, dict[str, int]]:
    """Events of each site not taken in the last days, by reason: bot, origin, inactive, malformed, too_many, ..."""
    return store.dropped_since(ctx, (ctx.now - timedelta(days=SHOWN_DAYS)).astimezone(ctx.zone).date())


def anonymous_id(site_id: int, visitor: str) -> str:
    """The value of the anonymous identity of a site's visitor."""
    return f"web:{site_id}:{visitor}"


def collect(ctx: Ctx, raw: bytes, *, origin: str, agent: str) -> bool:
    """Take in a body of /collect; True when its page may read the answer (CORS). Raises BadSiteKey.

    What is not taken is counted with its reason.
    """
    body = reading.body(raw)
    row = store.site_by(ctx, key=body["site"])
    if row is None:
        raise BadSiteKey("there is no site with this key", field="site")
    found = _site(row)
    given = body.get("events", [])
    given = given if isinstance(given, list) else [None]
    drops: Counter[str] = Counter()
    known = origin in found.origins
    visitor = body.get("visitor")
    refused = (
        "inactive" if not found.active
        else "origin" if not known
        else "bot" if reading.is_bot(agent)
        else "malformed" if not isinstance(visitor, str) or not reading.VISITOR.fullmatch(visitor)
        else None
    )  # fmt: skip
    if refused is not None:
        drops[refused] += max(len(given), 1)
    else:
        _take(ctx, found, str(visitor), given, body.get("token"), drops)
    for reason, count in sorted(drops.items()):  # set-loop: at most seven reasons
        store.count_dropped(ctx, found.site_id, ctx.now.astimezone(ctx.zone).date(), reason, count)
    return known


def _take(ctx: Ctx, found: Site, visitor: str, given: Sequence[object], token: object, drops: Counter[str]) -> None:
    name = anonymous_id(found.site_id, visitor)
    seen = {one.id: one for one in map(reading.event, given) if one is not None}
    drops["malformed"] += sum(reading.event(one) is None for one in given)
    touched = next((touch for one in seen.values() if (touch := reading.touch(one.url))), None)
    count, first = store.count_visitor(ctx, name, len(seen), touched)
    allowed = max(0, min(len(seen), PER_MINUTE - (count - len(seen))))
    drops["too_many"] += len(seen) - allowed
    _record(ctx, found, name, list(seen.values())[:allowed], drops)
    if token is not None:
        told = reading.token(token, found.secret, found.key, visitor, ctx.now)
        if told is None:
            drops["bad_token"] += 1
        else:
            _recognise(ctx, found, name, told, first)
    drops -= Counter()  # forget the zeros
    for reason in [reason for reason, number in drops.items() if number <= 0]:
        del drops[reason]


def _record(ctx: Ctx, found: Site, name: str, seen: Sequence[Seen], drops: Counter[str]) -> None:
    source = f"site:{found.site_id}"
    visits = [
        NewVisit(name, source, f"{name}:{one.id}", one.type, ctx.now - one.ago, props=reading.props(one))
        for one in seen
    ]
    try:
        with savepoint(ctx):
            customers.visit(ctx, visits)
    except EventConflict:
        # A repetition tells another time: rare, so one by one.
        for visit in visits:  # set-loop: at most 60, and only after a conflict
            try:
                with savepoint(ctx):
                    customers.visit(ctx, [visit])
            except EventConflict:
                drops["conflict"] += 1


def _recognise(ctx: Ctx, found: Site, name: str, told: Told, first: dict[str, str] | None) -> None:
    """The visitor is who the token says; what they did moves to the customer, and so does how they first came."""
    touch = Touch("url", first.get("utm_source") or first.get("channel", ""), first) if first else None
    identities = (*told.identities, Identity(ANONYMOUS, name))
    record = Record(f"site:{found.site_id}", f"token:{told.token_id}", identities, ctx.now, touch=touch)
    customers.recognise(ctx, [record])
