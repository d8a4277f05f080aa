"""Private: erasures are filed outside the database, and repeated when an older backup of it was restored (R5)."""

from collections.abc import Sequence

import structlog

from siyu.customers import erasing, ledger
from siyu.customers.store import erasing as store
from siyu.customers.store import identities, reading
from siyu.customers.types import Identity
from siyu.kernel import audit
from siyu.kernel.ctx import Ctx
from siyu.platforms import actions as platforms

log = structlog.get_logger(__name__)
CHUNK = 10_000


def file(ctx: Ctx, limit: int) -> int:
    """Write committed erasures that are not in the file into it; returns how many. A full disk is tried again."""
    rows = store.unfiled(ctx, limit)
    if not rows:
        return 0
    try:
        ledger.file(ledger.Erasure(row.asked_at, tuple(row.hashes)) for row in rows)
    except OSError as error:
        log.error("erasure_ledger_unwritable", error=type(error).__name__, erasures=len(rows))
        return 0
    store.set_filed(ctx, [row.erasure_id for row in rows])
    return len(rows)


def replay(ctx: Ctx) -> int:
    """Erase again whom the file names and this database does not know to be erased; returns how many origins.

    After a restore from an older backup the people stand in it as before. They are found by the hashes of what is
    exclusively theirs; a phone that somebody else has too names nobody.
    """
    filed = ledger.filed()
    if not filed:
        return 0
    identities.lock_identities(ctx)
    known = {ledger.Erasure(row.asked_at, tuple(row.hashes)).key for row in store.erasures(ctx)}
    missing = [one for key, one in sorted(filed.items()) if key not in known]
    if not missing:
        return 0
    origins = _found(ctx, ledger.hashes_of(missing))
    homes = identities.customers_of(ctx, origins)
    everybody = identities.customers_of(ctx, identities.origins_of(ctx, homes.values()))
    kept = {home for one, home in everybody.items() if one not in homes}
    whole = sorted(set(homes.values()) - kept)
    own = reading.identities_of(ctx, sorted(set(homes.values())))
    names = [row.value for row in own if row.origin_id in homes and row.kind in ("oa_openid", "external_userid")]
    if origins:
        platforms.forget(ctx, names)
        erasing.forget(ctx, origins, whole, parted=sorted(kept))
    store.add_replayed(ctx, [(one.at, one.hashes) for one in missing])
    audit.record(ctx, "customers.replay_erasures", "erasure", "many", erasures=len(missing), customers=len(whole))
    log.warning("erasures_replayed", erasures=len(missing), customers=len(whole), parted=len(kept))
    return len(origins)


def _found(ctx: Ctx, hashes: frozenset[str]) -> Sequence[int]:
    found: list[int] = []
    after = 0
    while rows := store.owned(ctx, after, CHUNK):  # set-loop: ten thousand identities at a time, once after a restore
        found += [row.origin_id for row in rows if erasing.hash_of(Identity(row.kind, row.value, row.scope)) in hashes]
        after = rows[-1].identity_id
    return sorted(found)
