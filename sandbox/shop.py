"""The company's own shop: tells Siyu's API who bought what, as an outside system does with a key of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.engine import Engine
from sandbox.http1 import Unreachable
from sandbox.population import items, text
from sandbox.store import dumps
from sandbox.world import Unknown

SOURCE = "shop"
TIMEOUT_S = 15.0


async def trade(engine: Engine, body: Mapping[str, object]) -> dict[str, object]:
    """Reports buyers and orders to the API at ``url``; ``key`` is kept from the first time on.

    A buyer is a person who signed in with WeChat, so the shop knows the unionid; ``phone`` is what they typed, their
    own unless given. ``refused`` says what the API did not take. Raises Unknown for a person who is none or a shop
    without a key.
    """
    kept = engine.world.db.setting("shop")
    key = str(body.get("key") or (kept.get("key") if isinstance(kept, dict) else "") or "")
    if not key:
        raise Unknown("the shop's key")
    engine.world.db.keep("shop", {"key": key})
    url = text(body, "url")
    buyers = [_buyer(engine, one) for one in items(body, "buyers")]
    orders = [_order(engine, one) for one in items(body, "orders")]
    refused = await _post(engine, f"{url}/api/customers", key, buyers)
    refused = refused or await _post(engine, f"{url}/api/customers/orders", key, orders)
    return {"buyers": len(buyers), "orders": len(orders), "refused": refused}


def _number(person: int) -> str:
    """The shop's own number of a person."""
    return f"S{person:06d}"


def _buyer(engine: Engine, told: Mapping[str, object]) -> dict[str, object]:
    person = engine.world.person(str(told.get("person")))
    known = engine.world.profile(person)
    phone = str(told.get("phone") or known.phone)
    return {
        "key": _number(person),
        "identities": [
            {"kind": "unionid", "value": engine.world.unionid(person)},
            {"kind": "phone", "value": phone},
        ],
        "attributes": {"name": known.name, "company": known.company, "city": known.city},
    }


def _order(engine: Engine, told: Mapping[str, object]) -> dict[str, object]:
    person = engine.world.person(str(told.get("person")))
    buyer = {"kind": "crm_id", "value": _number(person), "scope": SOURCE}
    return {"identity": buyer, **{name: value for name, value in told.items() if name != "person"}}


async def _post(engine: Engine, url: str, key: str, told: Sequence[Mapping[str, object]]) -> str:
    """Why the API did not take it, "" when it did."""
    if not told:
        return ""
    headers = [("content-type", "application/json"), ("authorization", f"Bearer {key}")]
    body = dumps({"source": SOURCE, "items": told}).encode()
    try:
        answer = await engine.client.request("POST", url, headers, body, TIMEOUT_S, fresh=True)
    except Unreachable as error:
        return f"{url} does not answer: {error}"
    return (
        "" if answer.status < 300 else f"{url} answered {answer.status}: {answer.body[:500].decode(errors='replace')}"
    )
