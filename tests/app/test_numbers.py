"""Numbers that JSON can say and no column can hold are refused by their field."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from siyu.kernel.clock import VirtualClock
from tests.app.conftest import Office

WHO = '"identity": {"kind": "crm_id", "scope": "s", "value": "a"}'


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
@pytest.mark.parametrize("what", ["events", "orders"])
def test_what_is_no_number_is_refused(
    client: TestClient, office: Office, clock: VirtualClock, what: str, number: str
) -> None:
    headers = office.key("customers.write") | {"content-type": "application/json"}
    assert client.post("/api/customers", json={"source": "s", "items": [{"key": "a"}]}, headers=headers).is_success
    now = clock.now().isoformat()
    bodies = {
        "events": f'"key": "k", "type": "visited", "occurred_at": "{now}", "props": {{"x": %s}}',
        "orders": f'"order_no": "1", "amount": 5, "status": "paid", "placed_at": "{now}", "lines": [{{"x": %s}}]',
    }
    body = f'{{"source": "s", "items": [{{{WHO}, {bodies[what] % number}}}]}}'
    answer = client.post(f"/api/customers/{what}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert str(answer.json()["field"]).startswith("items.0.")


@pytest.mark.parametrize("owner", [2**31, 0, -1, 2**53 - 1])
def test_an_owner_is_the_number_of_a_staff_member(client: TestClient, office: Office, owner: int) -> None:
    body = {"source": "s", "items": [{"key": "a", "attributes": {"owner_id": owner}}]}
    answer = client.post("/api/customers", json=body, headers=office.key("customers.write"))
    assert (answer.status_code, answer.json()["code"]) == (422, "batch_fault"), answer.text
    assert answer.json()["field"] == "items.0.attributes.owner_id"
