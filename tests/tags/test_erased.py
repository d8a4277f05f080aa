"""Between the erasure of a person and the next pulse, reading their tags is no error, and they get no new ones."""

from siyu.customers.http import router as customers
from siyu.tags.http import router as tags
from tests.support.http import room_client
from tests.support.world import World


def test_the_tags_of_an_erased_person_are_read_without_who_and_why(world: World) -> None:
    client = room_client(world, customers, tags)
    client.post("/api/customers", json={"source": "crm", "items": [{"key": "C-1"}]})
    customer_id = world.value("select customer_id from customer")
    group_id = client.post("/api/tags/groups", json={"name": "意向"}).json()["group_id"]
    tag_id = client.post(f"/api/tags/groups/{group_id}/tags", json={"name": "高"}).json()["tag_id"]
    given = client.post(f"/api/tags/{tag_id}/add", json={"customer_ids": [customer_id], "why": "展会上见过"})
    assert given.status_code == 200, given.text
    assert client.get(f"/api/tags/of/{customer_id}").text.count("展会上见过") == 1
    assert client.delete(f"/api/customers/{customer_id}").status_code == 204
    refused = client.post(f"/api/tags/{tag_id}/add", json={"customer_ids": [customer_id], "why": "again"})
    assert (refused.status_code, refused.json()["field"]) == (404, "customer_ids.0")
    answer = client.get(f"/api/tags/of/{customer_id}")
    assert answer.status_code in (200, 404)
    assert "展会上见过" not in answer.text
