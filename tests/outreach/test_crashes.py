"""Workers that die, answers that get lost, several workers at once: nothing is lost, nothing comes twice."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from siyu.kernel.ctx import SYSTEM
from siyu.kernel.db import transaction
from siyu.kernel.probes import answer
from siyu.outreach import actions, jobs
from siyu.outreach.types import Message
from siyu.outreach.work import Results, Work
from siyu.platforms.types import Outcome
from tests.outreach.town import ORIGIN, Town, asked, refused, settle
from tests.support.world import ZONE, World

GONE = 0.0
"""A lease that is over as soon as it is given: the worker dies in the very moment."""


def claim(town: Town, name: str, lease: float = GONE) -> Work:
    """Claim like a worker that will be killed before it does anything."""
    with town.world.open() as ctx:
        while jobs.tick(ctx, 1000):
            pass
        for phased in (*jobs.fast_phases(lease), *jobs.phases(lease)):
            if phased.name == name:
                work: Work | None = phased.claim(ctx)
                assert work is not None
                return work
    raise AssertionError(name)


def act(town: Town, work: Work) -> Results:
    """Do the calls, whatever the lease says."""
    from siyu.outreach.sending import act as do

    return do(replace(work, start_before=work.start_before + 3600), town.platform.senders)


def test_killed_between_claim_and_act(town: Town) -> None:
    for name, route in (("outreach.mass", town.mass()), ("outreach.people", town.template)):
        town.ask(key=name, routes=(route,), message=Message(content_id=town.article(name[9:])))
        claim(town, name)
        town.work()
    assert Counter(town.platform.of("mass_send")) == Counter({f"o{n}": 1 for n in range(5)})
    assert Counter(town.platform.of("template_send")) == Counter({f"o{n}": 1 for n in range(5)})
    assert town.tally() == {("accepted", "now"): 10}


def test_killed_between_act_and_record(town: Town) -> None:
    for name, route in (("outreach.mass", town.mass()), ("outreach.people", town.template)):
        town.ask(key=name, routes=(route,), message=Message(content_id=town.article(name[9:])))
        act(town, claim(town, name))
        town.work()
    assert Counter(town.platform.of("mass_send")) == Counter({f"o{n}": 1 for n in range(5)})
    assert Counter(town.platform.of("template_send")) == Counter({f"o{n}": 1 for n in range(5)})
    assert town.tally() == {("accepted", "now"): 10}


def test_a_customer_message_without_key_is_never_repeated(town: Town) -> None:
    town.opens(town.people)
    town.ask(routes=(town.custom,))
    act(town, claim(town, "outreach.people"))
    town.work()
    assert Counter(town.platform.of("custom_send")) == Counter({f"o{n}": 1 for n in range(5)})
    assert town.tally() == {("failed", "uncertain"): 5}
    assert [event.props["reason"] for event in town.events()] == ["uncertain"] * 5
    assert town.world.value("select sum(capped) from outreach_tally") == 5, "it may have arrived, so it counts"


def test_a_template_that_nobody_remembers_any_more_stays_uncertain(town: Town) -> None:
    town.ask(routes=(town.template,), message=Message(content_id=town.article()))
    act(town, claim(town, "outreach.people"))
    town.world.wait(minutes=10)
    town.work()
    assert len(town.platform.of("template_send")) == 5
    assert town.tally() == {("failed", "uncertain"): 5}


def test_the_late_answer_of_a_worker_that_lost_its_lease_changes_nothing(town: Town) -> None:
    town.ask(message=Message(content_id=town.article()))
    work = claim(town, "outreach.mass")
    results = act(town, work)
    town.work()
    with town.world.open() as ctx:
        jobs.phases()[1].record(ctx, work, results)
    assert town.tally() == {("accepted", "now"): 5}
    assert len(town.events()) == 5


@pytest.mark.parametrize("late", [refused(-1, retryable=True), refused(40037)], ids=["busy", "refused"])
def test_the_late_refusal_of_a_worker_that_lost_its_lease_gives_back_nothing(town: Town, late: Outcome) -> None:
    """Another worker repeats the calls under their keys: what it sends must not be asked for anew."""
    town.ask(routes=(town.template, town.mass()), message=Message(content_id=town.article()))
    first = claim(town, "outreach.people")
    with town.world.open() as ctx:
        second = jobs.phases(60.0)[0].claim(ctx)
    assert second is not None
    done = act(town, second)
    lease = town.world.value("select lease_machine from outreach_batch")
    with town.world.open() as ctx:
        jobs.phases()[2].record(ctx, first, Results((late,) * 5))
    assert town.world.value("select lease_machine from outreach_batch") == lease, "the second worker keeps its lease"
    with town.world.open() as ctx:
        jobs.phases()[0].record(ctx, second, done)
    town.world.wait(minutes=10)
    town.work()
    assert town.tally() == {("accepted", "now"): 5}
    assert Counter(openid for _, openid, _ in town.platform.received) == Counter({f"o{n}": 1 for n in range(5)})


def test_claims_pass_by_whom_another_worker_withdraws(town: Town) -> None:
    """Neither waits for the other's rows while it holds some itself, or both would wait for ever."""
    town.ask(routes=(town.template,), message=Message(content_id=town.article()))
    origin = replace(ORIGIN, node="")
    with ThreadPoolExecutor(1) as pool, town.world.open() as ctx:
        assert actions.cancel(ctx, asked(town.people[:1], "k"), origin, "left") == 1
        looked = pool.submit(claim, town, "outreach.people").result(timeout=60)
        assert len(looked.sends) == 4
        assert actions.cancel(ctx, asked(town.people, "k"), origin, "left") == 0


def test_a_living_worker_s_batch_is_left_alone(town: Town) -> None:
    town.ask(message=Message(content_id=town.article()))
    work = claim(town, "outreach.mass", lease=60.0)
    town.work()
    assert town.platform.received == []
    with town.world.open() as ctx:
        assert answer(ctx, jobs.DUE) == ctx.now
        wait = jobs.machine_wait(ctx)
        assert wait is not None
        assert 50 < wait <= 60
    with town.world.open() as ctx:
        jobs.phases()[1].record(ctx, work, act(town, work))
        assert answer(ctx, jobs.DUE) is None
    assert town.tally() == {("accepted", "now"): 5}


def test_lost_answers_are_asked_for_again_under_the_same_key(town: Town) -> None:
    town.platform.lost = 1
    town.ask(message=Message(content_id=town.article()))
    town.work()
    with town.world.engine.begin() as connection:
        connection.exec_driver_sql("update outreach_batch set lease_machine = 0 where open")
    town.work()
    assert len(town.platform.of("mass_send")) == 5
    assert town.tally() == {("accepted", "now"): 5}


def test_what_was_not_begun_in_time_goes_back(town: Town) -> None:
    town.ask(routes=(town.template,), message=Message(content_id=town.article()))
    work = claim(town, "outreach.people", lease=60.0)
    with town.world.open() as ctx:
        jobs.phases()[2].record(ctx, work, Results((None,) * len(work.sends)))
    assert town.tally() == {("waiting", "not_started"): 5}
    assert town.world.value("select count(*) from outreach_seen") == 0
    town.work()
    assert len(town.platform.of("template_send")) == 5


def test_several_workers_share_the_work_without_doubling_it(world: World) -> None:
    town = settle(world, 300)
    town.opens(town.people)
    for number in range(4):
        message = Message(content_id=town.article(f"a{number}"))
        town.ask(key=f"k{number}", message=message, routes=(town.custom, town.template))
    failures: list[BaseException] = []

    def serve() -> None:
        try:
            for _ in range(40):
                with transaction(world.engine, world.clock, SYSTEM, ZONE) as ctx:
                    jobs.tick(ctx, 200)
                for phased in jobs.phases():
                    world.run(phased, town.platform.senders)
        except BaseException as error:  # noqa: BLE001 - handed to the test's thread
            failures.append(error)

    threads = [threading.Thread(target=serve) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    town.work()
    reached = Counter(openid for _, openid, _ in town.platform.received)
    assert set(reached.values()) == {2}, "two a day for each of them"
    assert len(reached) == 300
    assert (
        town.world.value(
            "select max(capped) from (select sum(capped) as capped from outreach_tally group by customer_id) t"
        )
        == 2
    )
    assert town.tally() == {("sent", "now"): 600, ("waiting", "cap_day"): 600}
