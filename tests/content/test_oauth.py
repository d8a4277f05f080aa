"""Silent OAuth over the real platforms: the sandbox's people open our pages in WeChat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from siyu.content import actions, codes
from siyu.content.types import LinkContext
from siyu.customers import actions as customers
from siyu.customers.types import Identity, Record
from siyu.kernel.settings import settings
from tests.content.conftest import GOOD, WECHAT, browser, landed, library, served
from tests.content.test_pages import events, seen, view_of
from tests.platforms.sandboxed import APPID, CORPID, Platforms, platforms
from tests.support.world import World


@dataclass
class Town:
    """People who follow the account, our pages, and the customers that the first two people are."""

    at: Platforms
    world: World
    shelf: dict[str, int]
    customers: list[int]
    openids: list[str]

    def url(self, key: str, owner: int = codes.SHARED) -> str:
        with self.world.open() as ctx:
            context = LinkContext("test", self.at.oa)
            return f"{settings().public_url}/p/{codes.code(actions.ensure_link(ctx, self.shelf[key], context), owner)}"


@pytest.fixture
def town(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with platforms(world, tmp_path / "sandbox") as at, served(world, monkeypatch, at.senders):
        at.sandbox.add_people(
            key="town",
            seed=1,
            count=3,
            model={"form_rate": 0},
            follow=[{"account": APPID, "at": "2026-02-01T09:00:00+08:00", "count": 3}],
        )
        openids = [str(row["openid"]) for row in at.sandbox.people(account=APPID)["people"]]
        with world.open() as ctx:
            shelf = library(ctx)
            records = [
                Record(f"oa:{at.oa}", openid, (Identity("oa_openid", openid, str(at.oa)),), ctx.now)
                for openid in openids[:2]
            ]
            found = customers.identify(ctx, records)
        yield Town(at, world, shelf, found, openids)


def test_the_page_asks_silently_who_reads_a_shared_link(town: Town) -> None:
    acted = town.at.sandbox.act(1, "open_url", url=town.url("article"), account=APPID)
    assert [entry["result"] for entry in acted["log"] if entry["name"] == "open"] == ["200"]
    assert events(town.world, town.customers[0]) == ["link_clicked"]
    town.at.sandbox.act(1, "open_url", url=town.url("book"), account=APPID)
    exchanges = [call for call in town.at.sandbox.counts()["api"] if call["path"].endswith("/sns/oauth2/access_token")]
    assert [call["calls"] for call in exchanges] == [1], "the second page knows the browser"
    assert events(town.world, town.customers[0]) == ["link_clicked"] * 2


def test_the_parameters_of_an_address_survive_the_question_and_are_a_touch(town: Town) -> None:
    town.at.sandbox.act(
        1, "open_url", url=town.url("article") + "?utm_source=poster&utm_campaign=spring", account=APPID
    )
    (row,) = town.world.rows(
        "select latest_source_kind, latest_source_code from customer where customer_id = :c", c=town.customers[0]
    )
    assert tuple(row) == ("url", "poster")
    (click,) = landed(town.world).rows("select props from event where type = 'link_clicked'")
    assert click.props["utm_campaign"] == "spring"


def test_a_personal_link_opened_by_another_openid_is_a_forward(town: Town) -> None:
    owner, friend = town.customers
    url = town.url("article", owner)
    town.at.sandbox.act(2, "open_url", url=url, account=APPID)
    town.at.sandbox.act(1, "open_url", url=url, account=APPID)
    assert events(town.world, owner) == ["forwarded", "link_clicked"]
    assert events(town.world, friend) == ["link_clicked"]


def test_an_openid_that_is_no_customer_reads_as_a_visitor_and_becomes_one_by_the_form(town: Town) -> None:
    town.at.sandbox.act(3, "open_url", url=town.url("form", town.customers[0]), account=APPID)
    assert events(town.world, town.customers[0]) == ["forwarded"]
    assert town.world.value("select count(*) from customer where status = 'active'") == 2
    town.at.sandbox.act(3, "fill_form", url=town.url("form"), account=APPID, fields={"name": "李雷"})
    town.at.wait(hours=1)
    (customer,) = town.world.rows(
        "select c.customer_id, c.name, i.kind from customer c join origin o using (customer_id)"
        " join identity i using (origin_id) where c.name = '李雷'"
    )
    assert customer.kind == "oa_openid"
    assert "form_submitted" in events(town.world, customer.customer_id)
    assert events(town.world, customer.customer_id)[0] == "content_viewed", "what was read before came along"


def test_a_form_is_prefilled_only_for_the_one_whom_oauth_proved(town: Town) -> None:
    openid = town.openids[0]
    town.at.sandbox.act(1, "fill_form", url=town.url("form"), account=APPID, fields=dict(GOOD))
    town.at.wait(hours=1)
    from siyu.content.reading.visitor import COOKIE, new_visitor

    proven = browser(town.world, WECHAT)
    proven.cookies.set(
        COOKIE, new_visitor().knowing(town.at.oa, Identity("oa_openid", openid, str(town.at.oa))).cookie()
    )
    path = town.url("form", town.customers[0]).rpartition("/p/")[2]
    page = proven.get(f"/p/{path}").text
    assert 'value="王芳"' in page
    assert "138****1234" in page
    assert "13812341234" not in page
    kept = proven.post(f"/f/{path}", data={**GOOD, "mobile": "", "name": "王芳芳", "view": view_of(page)})
    assert kept.status_code == 303
    assert town.world.value("select answers->>'mobile' from form_submission order by submission_id desc limit 1") == (
        "+8613812341234"
    )
    stranger = browser(town.world)
    assert "王芳" not in stranger.get(f"/p/{path}").text


def _contact(town: Town) -> int:
    """Person 3, who added a salesperson and follows the Official Account without Siyu's knowing."""
    town.at.sandbox.act(3, "add_member", corpid=CORPID, userid="lisi")
    external = next(str(one["external_userid"]) for one in town.at.sandbox.person(3)["contacts"])
    identity = Identity("external_userid", external, CORPID)
    with town.world.open() as ctx:
        (contact,) = customers.identify(ctx, [Record(f"wecom:{town.at.wecom}", external, (identity,), ctx.now)])
    return contact


def _sent(town: Town, key: str, owner: int = codes.SHARED) -> str:
    """A link as it goes through a salesperson."""
    with town.world.open() as ctx:
        link = actions.ensure_link(ctx, town.shelf[key], LinkContext("send", town.at.wecom))
    return f"{settings().public_url}/p/{codes.code(link, owner)}"


def test_a_link_that_goes_through_a_salesperson_asks_the_wecom_app_who_reads(town: Town) -> None:
    contact = _contact(town)
    town.at.sandbox.act(3, "open_url", url=_sent(town, "article"), account=APPID)
    assert events(town.world, contact) == ["link_clicked"]
    town.at.sandbox.act(3, "open_url", url=_sent(town, "book"), account=APPID)
    exchanges = [call for call in town.at.sandbox.counts()["api"] if call["path"].endswith("/auth/getuserinfo")]
    assert [call["calls"] for call in exchanges] == [1], "the browser is known"
    assert events(town.world, contact) == ["link_clicked", "link_clicked"]
    town.at.sandbox.act(2, "open_url", url=_sent(town, "article", contact), account=APPID)
    assert events(town.world, contact)[-1] == "forwarded", "who reads is no contact"


def test_a_form_from_a_salesperson_s_link_is_the_contact_s(town: Town) -> None:
    contact = _contact(town)
    town.at.sandbox.act(3, "fill_form", url=_sent(town, "form"), account=APPID, fields=dict(GOOD))
    town.at.wait(hours=1)
    assert "form_submitted" in events(town.world, contact)
    other = GOOD | {"mobile": "13812341299"}
    town.at.sandbox.act(2, "fill_form", url=_sent(town, "form"), account=APPID, fields=other)
    town.at.wait(hours=1)
    phones = seen(town.world, "select answers->>'mobile' from form_submission order by submission_id")
    assert phones == [("+8613812341234",), ("+8613812341299",)]
    assert events(town.world, contact).count("form_submitted") == 1


def test_a_page_is_shown_when_wechat_does_not_answer(town: Town) -> None:
    town.at.sandbox.set_faults(ip_denied=True)
    acted = town.at.sandbox.act(1, "open_url", url=town.url("article"), account=APPID)
    assert [entry["result"] for entry in acted["log"] if entry["name"] == "open"] == ["200"]
    assert town.world.value("select count(*) from visitor_event") == 1


def _exchanges(town: Town) -> int:
    calls = town.at.sandbox.counts()["api"]
    return sum(call["calls"] for call in calls if call["path"].endswith("/sns/oauth2/access_token"))


@pytest.mark.parametrize(("kind", "seed"), [("busy", 41), ("lost", 15), ("down", 1)])
def test_an_exchange_that_fails_is_asked_once_more_with_a_fresh_code(town: Town, kind: str, seed: int) -> None:
    owner, friend = town.customers
    town.at.sandbox.set_faults(oauth=0.5, seed=seed)  # the first code of person 1 fails in this way, the second works
    acted = town.at.sandbox.act(1, "open_url", url=town.url("article", friend) + "?utm_source=poster", account=APPID)
    assert [entry["result"] for entry in acted["log"] if entry["name"] == "open"] == ["200"]
    assert _exchanges(town) == (4 if kind == "busy" else 2), "a busy platform is asked three times"
    assert events(town.world, owner) == ["link_clicked"]
    assert events(town.world, friend) == ["forwarded"]
    assert town.world.value("select latest_source_code from customer where customer_id = :c", c=owner) == "poster"
    assert town.world.value("select count(*) from content_view") == 1


def test_after_two_failures_the_page_opens_to_nobody_and_says_nothing_wrong(town: Town) -> None:
    owner = town.customers[0]
    town.at.sandbox.set_faults(oauth=1.0)
    acted = town.at.sandbox.act(1, "open_url", url=town.url("form", owner), account=APPID)
    town.at.sandbox.act(1, "open_url", url=town.url("article", owner), account=APPID)
    assert _exchanges(town) > 1
    assert [entry["result"] for entry in acted["log"] if entry["name"] == "open"] == ["200"]
    assert events(town.world, owner) == [], "in WeChat a personal link may have been passed on"
    assert town.world.value("select count(*) from content_view where not known and not forward") == 2
    assert town.world.value("select count(*) from visitor_event where type = 'content_viewed'") == 2


def test_a_form_of_a_reader_whom_nobody_proved_is_not_the_owner_s(town: Town) -> None:
    owner = town.customers[0]
    with town.world.open() as ctx:
        fields = [{"name": "mark", "label": "打分", "type": "number"}]
        survey = actions.save_content(
            ctx, key="survey", kind="form", title="打分", body={"fields": fields}, publish=True
        )
    town.shelf["survey"] = survey.content_id
    town.at.sandbox.set_faults(oauth=1.0)
    town.at.sandbox.act(2, "fill_form", url=town.url("survey", owner), account=APPID, fields={"mark": "3"})
    town.at.wait(hours=1)
    assert seen(town.world, "select customer_id, answers->>'mark' from form_submission") == [(0, "3")]
    assert events(town.world, owner) == []


def test_settings_at_fault_are_not_asked_again_and_are_told(town: Town) -> None:
    town.at.sandbox.set_faults(ip_denied=True)
    before = _failed(town, "40164")
    with capture_logs() as told:
        town.at.sandbox.act(1, "open_url", url=town.url("article"), account=APPID)
    (failure,) = [entry for entry in told if entry["event"] == "oauth_failed"]
    assert failure == {
        "event": "oauth_failed",
        "log_level": "warning",
        "account": town.at.oa,
        "error": "platform_call_failed",
        "code": 40164,
        "reason": "our address is not on the account's list",
        "again": False,
    }
    assert _failed(town, "40164") - before == 1


def _failed(town: Town, code: str) -> float:
    found = REGISTRY.get_sample_value("siyu_oauth_failed_total", {"account": str(town.at.oa), "code": code})
    return found or 0.0


def test_a_state_of_another_browser_logs_nobody_in(town: Town) -> None:
    url = town.url("article").removeprefix(str(settings().public_url))
    victim, attacker = browser(town.world, WECHAT), browser(town.world, WECHAT)
    asked = attacker.get(url).headers["location"]
    assert "/connect/oauth2/authorize?appid=wxtest&redirect_uri=" in asked
    state = asked.rpartition("state=")[2].partition("#")[0]
    assert state.isalnum()
    assert victim.get(url).status_code == 302
    answer = victim.get(f"/oauth/oa/{town.at.oa}/callback?code=stolen&state={state}")
    assert answer.status_code == 404
