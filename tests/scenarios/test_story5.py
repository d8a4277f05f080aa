"""Story 5, one person and four doors: the real sandbox, the real HTTP door, decisions over the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from siyu.app.demo import company
from siyu.app.demo.wave import START
from siyu.app.sandboxed import SandboxWorld
from siyu.content import actions as content
from siyu.content import queries as library
from siyu.content.types import LinkContext
from siyu.kernel.settings import know
from siyu.platforms import queries as platforms
from siyu.runtime.driver import Driver
from siyu.team import actions as team
from tests.support.database import Server
from tests.support.installation import Installation, installation

pytestmark = pytest.mark.timeout(300)

PHONE, UNIONID, OTHER = "13900000001", "unionid-of-zhang", "unionid-of-somebody-else"
FORM = {
    "fields": [
        {"name": "name", "label": "怎么称呼您", "type": "text", "required": True, "maps_to": "name"},
        {"name": "phone", "label": "手机号", "type": "phone", "required": True, "maps_to": "phone"},
    ],
    "submit": "提交",
    "after": {"title": "收到", "text": "谢谢"},
}
OWN = ("merged", "split", "split_off", "attribute_changed")
"""What the house itself notes of merges and of the shown values that change by them. All else is what happened to the
person, and must be the same after a decision was taken back; so must the shown values."""


@dataclass(frozen=True, slots=True)
class Office:
    """The company with one real person outside, and its API."""

    at: Installation
    driver: Driver
    api: httpx2.Client
    person: int
    form_url: str

    def rest(self) -> None:
        """Let everything that is due happen, some minutes long."""
        self.driver.run(self.at.clock.now() + timedelta(minutes=5))

    def get(self, path: str, **query: Any) -> Any:
        answer = self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object) -> Any:
        answer = self.api.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def save(self, source: str, key: str, *identities: dict[str, str]) -> int:
        """A row of an outside system; the customer it became."""
        said = self.post("/api/customers", {"source": source, "items": [{"key": key, "identities": list(identities)}]})
        self.rest()
        return int(said["items"][0]["customer_id"])

    def holders(self, text: str) -> list[int]:
        return [one["customer_id"] for one in self.get("/api/customers", q=text)["items"]]

    def identities(self, customer_id: int) -> list[tuple[str, str]]:
        found = self.get(f"/api/customers/{customer_id}/identities", clear=True)
        return sorted((one["kind"], one["value"]) for one in found)

    def timeline(self, customer_id: int) -> list[tuple[str, str, str, str]]:
        events = self.get(f"/api/customers/{customer_id}/timeline", limit=200, clear=True)["items"]
        return sorted(
            (one["occurred_at"], one["type"], one["source"], str(one["props"]))
            for one in events
            if one["type"] not in OWN
        )

    def kinds(self, customer_id: int) -> set[str]:
        return {kind for _, kind, _, _ in self.timeline(customer_id)}

    def cases(self, state: str = "open") -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("/api/customers/cases", state=state, clear=True)["items"]
        return items

    def picture(self) -> list[tuple[Any, ...]]:
        """Who there is, with identities, values, follows and timelines: the same picture means nothing was lost."""
        people = [one["customer_id"] for one in self.get("/api/customers", limit=200)["items"]]
        return sorted((self.identities(one), self.timeline(one), *self.shown(one)) for one in people)

    def shown(self, customer_id: int) -> tuple[str, str]:
        profile = self.get(f"/api/customers/{customer_id}", clear=True)
        return str(sorted(profile["attributes"].items(), key=str)), str(profile["follows"])


@pytest.fixture
def office(server: Server, tmp_path: Path) -> Iterator[Office]:
    with installation(server, tmp_path, START) as at:
        know(public_url=at.public_url)
        at.control.move_to(at.clock.now())
        spec = company.Spec(customers=0, public_url=at.public_url, others=0)
        with at.house.open() as ctx:
            account_id, wecom_id = company.accounts(ctx, at.control)
            form = content.save_content(ctx, key="visit", kind="form", title="预约参观", body=FORM, publish=True)
            link_id = content.ensure_link(ctx, form.content_id, LinkContext("visit", account_id))
            key = team.add_key(ctx, "tests", ["customers.read", "customers.write", "customers.phones"])[1]
            assert platforms.account(ctx, account_id).active
        company.platform_side(at.control, spec, account_id, wecom_id)
        (person,) = at.control.add_people(
            key="zhang", seed=7, people=[{"name": "张伟", "phone": PHONE, "unionid": UNIONID}]
        )["ids"][:1]
        driver = Driver(at.house, at.clock, SandboxWorld(at.control))
        headers = {"authorization": f"Bearer {key}"}
        with httpx2.Client(base_url=at.public_url, headers=headers, trust_env=False) as api:
            office = Office(at, driver, api, int(person), library.shared_url(link_id))
            office.rest()
            yield office


def _four_doors(office: Office) -> int:
    """Let the person come through all four; the customer they became."""
    office.at.control.act(office.person, "subscribe", account=company.APPID)
    office.rest()
    office.at.control.act(office.person, "add_member", corpid=company.CORPID, userid="lisi", state="card")
    office.rest()
    crm = office.save("crm", "C-1001", {"kind": "phone", "value": PHONE})
    before = len(office.get("/api/customers", limit=200)["items"])
    office.at.control.act(office.person, "fill_form", url=office.form_url, account=company.APPID)
    office.rest()
    assert (before, len(office.get("/api/customers", limit=200)["items"])) == (2, 1)
    return int(office.get(f"/api/customers/{crm}")["customer_id"])


def test_four_doors_lead_to_one_customer_with_one_timeline(office: Office) -> None:
    customer_id = _four_doors(office)
    kinds = {kind for kind, _ in office.identities(customer_id)}
    assert {"unionid", "oa_openid", "external_userid", "crm_id", "phone"} <= kinds
    assert ("unionid", UNIONID) in office.identities(customer_id)
    assert {"followed", "contact_added", "link_clicked", "form_submitted"} <= office.kinds(customer_id)
    assert {follow["kind"] for follow in office.get(f"/api/customers/{customer_id}")["follows"]} == {"oa", "wecom"}
    assert office.cases() == []


def test_a_contradiction_dissolves_the_phone_and_a_persons_word_settles_it(office: Office) -> None:
    whole = _four_doors(office)
    single = office.timeline(whole)
    fifth = office.save("shop", "S-1", {"kind": "phone", "value": PHONE}, {"kind": "unionid", "value": OTHER})
    (case,) = office.cases()
    assert [(one["kind"], one["value"].removeprefix("+86")) for one in case["shared"]] == [("phone", PHONE)]
    sides = {member["customer_id"] for member in case["members"]}
    assert len(sides) == 3, "the follower, the CRM row and the contradictory fifth"
    assert fifth in sides
    held = {one: dict.fromkeys(kind for kind, _ in office.identities(one)) for one in sides}
    (follower,) = [one for one in sides if "oa_openid" in held[one]]
    assert {"unionid", "external_userid"} <= set(held[follower])
    assert "crm_id" not in held[follower]
    assert [event for one in sides for event in office.timeline(one) if event in single] != []
    assert sorted(event for one in sides for event in office.timeline(one) if event in single) == single
    before = office.picture()

    # The same: one customer again, whose timeline is the three together.
    said = office.post(f"/api/customers/cases/{case['case_id']}/decision", {"verdict": "same"})
    office.rest()
    homes = {office.get(f"/api/customers/{one}")["customer_id"] for one in sides}
    assert len(homes) == 1
    assert office.cases() == []
    (home,) = homes
    assert {("unionid", UNIONID), ("unionid", OTHER)} <= set(office.identities(home))
    together = sorted(event for one in before for event in one[1])
    assert office.timeline(home) == together
    _undo(office, said["decision_id"])
    _same(office.picture(), before)
    (again,) = office.cases()
    assert {member["customer_id"] for member in again["members"]} == sides

    # Different: three people for good, no open case; the phone joins none of them.
    said = office.post(f"/api/customers/cases/{again['case_id']}/decision", {"verdict": "different"})
    office.rest()
    assert office.cases() == []
    _same(office.picture(), before)
    _undo(office, said["decision_id"])
    _same(office.picture(), before)
    assert len(office.cases()) == 1


def _undo(office: Office, decision_id: int) -> None:
    answer = office.api.delete(f"/api/customers/decisions/{decision_id}")
    assert answer.status_code == 204, answer.text
    office.rest()


def _same(now: list[tuple[Any, ...]], before: list[tuple[Any, ...]]) -> None:
    """Part by part, so that a failure says what was lost."""
    assert [one[0] for one in now] == [one[0] for one in before], "identities"
    for one, other in zip(now, before, strict=True):
        for part, was in zip(one[1:], other[1:], strict=True):
            assert part == was, one[0]
