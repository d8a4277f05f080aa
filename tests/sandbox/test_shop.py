"""The company's shop tells an API who bought what."""

from __future__ import annotations

import json

from tests.sandbox.conftest import Sandbox, Site

ORDER = {"person": 1, "order_no": "A-1", "amount": 19900, "status": "paid", "placed_at": "2026-03-02T09:00:00+08:00"}


def test_the_shop_knows_the_unionid_and_keeps_its_key(box: Sandbox, site: Site) -> None:
    box.followers(2)
    site.page("/api/customers", "{}")
    site.page("/api/customers/orders", "{}")
    told = box.control("shop", url=site.url, key="siyu_k", buyers=[{"person": 1}, {"person": 2, "phone": "139"}])
    assert told == {"buyers": 2, "orders": 0, "refused": ""}
    box.control("shop", url=site.url, orders=[ORDER])
    (_, path, headers, body), second = site.calls("/api/customers")
    assert path == "/api/customers"
    assert headers["authorization"] == "Bearer siyu_k"
    buyers = json.loads(body)["items"]
    profile = box.get("/_sandbox/people/1")
    assert buyers[0]["identities"] == [
        {"kind": "unionid", "value": profile["unionid"]},
        {"kind": "phone", "value": profile["profile"]["phone"]},
    ]
    assert buyers[1]["identities"][1]["value"] == "139"
    _, path, headers, body = second
    assert (path, headers["authorization"]) == ("/api/customers/orders", "Bearer siyu_k")
    (order,) = json.loads(body)["items"]
    assert order["identity"] == {"kind": "crm_id", "value": buyers[0]["key"], "scope": "shop"}
    assert order["amount"] == 19900


def test_what_the_api_refuses_is_told(box: Sandbox, site: Site) -> None:
    box.followers(1)
    site.page("/api/customers/orders", '{"code": "batch_fault"}', status=422)
    told = box.control("shop", url=site.url, key="siyu_k", orders=[ORDER])
    assert "422" in told["refused"]
    assert "batch_fault" in told["refused"]
    assert box.post("/_sandbox/shop", {"url": site.url, "orders": [ORDER | {"person": 99}]})["error"] == "unknown"
