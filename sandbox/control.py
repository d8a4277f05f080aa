"""The control API under /_sandbox: clock, accounts, people, faults, log and counts."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox import acquisition, acts, archive, callbacks, kf, population, relations, report, shop
from sandbox.clock import Backwards, iso, parse_time
from sandbox.engine import Engine
from sandbox.store import dumps
from sandbox.world import Unknown

Answer = Mapping[str, object]
Reader = Callable[[Mapping[str, str]], Answer | report.Ready]
Writer = Callable[[dict[str, object], Request], Awaitable[Answer]]


def _json(value: object, status: int = 200) -> Response:
    text = value if isinstance(value, report.Ready) else dumps(value)
    return Response(text.encode(), status, media_type="application/json")


def _problem(status: int, code: str, text: str) -> Response:
    return _json({"error": code, "message": text}, status)


class Control:
    """Handlers over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.world = engine, engine.world

    def routes(self) -> list[BaseRoute]:
        """The control routes."""
        world = self.world
        reads: dict[str, Reader] = {
            "/clock": lambda _: self.clock_state(), "/accounts": lambda _: self.accounts(),
            "/faults": lambda _: dataclasses.asdict(world.faults),
            "/log": lambda q: report.log_page(world, q), "/counts": lambda q: report.counts(world, q),
            "/received": lambda q: report.received(world, q),
            "/acted": lambda q: report.acted(world, q), "/people": lambda q: report.people(world, q),
            "/broadcasts": lambda q: report.broadcasts(world, q), "/archive": lambda q: archive.page(world, q),
        }  # fmt: skip
        writes: dict[str, Writer] = {
            "/clock": self.set_clock, "/accounts": self.set_accounts, "/accounts/verify": self.verify,
            "/people": self.set_people,
            "/arrivals": self.set_arrivals, "/faults": self.set_faults, "/people/{id}/act": self.act,
            "/members/{id}/act": self.member_act, "/staff": self.set_staff, "/shop": self.trade,
        }  # fmt: skip
        made: list[BaseRoute] = [
            Route(f"/_sandbox{path}", self._reader(read), methods=["GET"]) for path, read in reads.items()
        ]
        made += [Route(f"/_sandbox{path}", self._writer(write), methods=["POST"]) for path, write in writes.items()]
        made.append(Route("/_sandbox/people/{id}", self.one_person, methods=["GET"]))
        return made

    def _reader(self, read: Reader) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return _json(read(request.query_params))
            except (ValueError, KeyError) as error:
                return _problem(422, "bad_input", str(error))
            except Unknown as error:
                return _problem(404, "unknown", str(error))

        return endpoint

    def _writer(self, write: Writer) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            self.world.db.commit()  # what follows up to the first await is one piece: a refusal takes only itself back
            try:
                body = json.loads(raw or b"{}")
                if not isinstance(body, dict):
                    raise ValueError("the body must be an object")
                answer = await write(body, request)
            except Backwards as error:
                self.world.db.rollback()
                return _problem(409, "clock_backwards", f"the clock stands at {error}")
            except (ValueError, KeyError, TypeError) as error:
                self.world.db.rollback()
                self.world.load()
                return _problem(422, "bad_input", str(error))
            except Unknown as error:
                self.world.db.rollback()
                return _problem(404, "unknown", str(error))
            self.world.db.commit()
            self.engine.wake()
            return _json(answer)

        return endpoint

    # -- clock ----------------------------------------------------------------------------------------------------

    def clock_state(self) -> dict[str, object]:
        """mode, now, next_due, quiet."""
        due, clock = self.world.next_due(), self.world.clock
        state: dict[str, object] = {"mode": clock.mode, "now": iso(clock.now())}
        if clock.mode == "scaled":
            state["factor"] = clock.factor
        return state | {"next_due": iso(due) if due is not None else None, "quiet": self.engine.quiet}

    async def set_clock(self, body: dict[str, object], request: Request) -> Answer:
        """Moves a virtual clock, or sets one that runs by itself."""
        clock, mode, totals = self.world.clock, body.get("mode"), self.engine.totals
        before = (totals.delivered, totals.acted)
        if mode == "virtual":
            target = parse_time(body.get("now"))
            if clock.mode != "virtual":
                if self.world.db.setting("clock_set") and target < clock.now():
                    raise Backwards(iso(clock.now()))
                clock.set_virtual(target)
            elif target < clock.now():
                raise Backwards(iso(clock.now()))
            self.world.db.keep("clock_set", 1)
            await self.engine.advance(target)
        elif mode == "scaled":
            factor = body.get("factor", 1)
            if isinstance(factor, bool) or not isinstance(factor, int | float) or factor <= 0:
                raise ValueError("factor must be positive")
            base = parse_time(body.get("base")) if body.get("base") is not None else clock.now()
            clock.set_scaled(max(base, clock.now()) if self.world.db.setting("clock_set") else base, float(factor))
        elif mode == "system":
            clock.set_system()
        else:
            raise ValueError("mode must be virtual, scaled or system")
        self.world.db.keep("clock_set", 1)
        self.world.db.keep("clock", clock.snapshot())
        return self.clock_state() | {"delivered": totals.delivered - before[0], "acted": totals.acted - before[1]}

    async def _settle(self, at: int) -> None:
        """Does what a control call caused: at once, in any mode."""
        self.world.db.commit()
        if at <= self.world.clock.now():
            await self.engine.advance(self.world.clock.now())

    # -- the world ------------------------------------------------------------------------------------------------

    def accounts(self) -> dict[str, object]:
        """What accounts there are."""
        world = self.world
        corps: list[dict[str, object]] = []
        for corpid, data in world.corps.items():
            parts = {
                name: [json.loads(r[0]) for r in world.db.all(f"select data from {name} where corpid = ?", corpid)]  # noqa: S608  # only names of our own in the text
                for name in ("department", "member")
            }
            apps = [app for (corp, _), app in world.apps.items() if corp == corpid]
            corps.append({**data, "apps": apps, "departments": parts["department"], "members": parts["member"]})
        return {"official_accounts": list(world.oa.values()), "wecom": corps}

    async def set_accounts(self, body: dict[str, object], request: Request) -> Answer:
        """Creates or updates accounts."""
        population.set_accounts(self.world, body, self.world.clock.now())
        await self._settle(self.world.clock.now())
        return self.accounts()

    async def verify(self, body: dict[str, object], request: Request) -> Answer:
        """The URL check against an account's callback URL."""
        agentid = population.count(body, "agentid")
        account = population.text(body, "account")
        if not callbacks.target(self.world, account, agentid):
            raise Unknown(f"account {account}")
        return await callbacks.verify(self.engine, account, agentid)

    def _once(self, body: Mapping[str, object], make: Callable[[], dict[str, object]]) -> Answer:
        key = body.get("key")
        if key:
            row = self.world.db.one("select result from keyed where key = ?", str(key))
            if row is not None:
                return dict(json.loads(row[0])) | {"again": True}
        result = make()
        if key:
            self.world.db.run("insert into keyed (key, result) values (?, ?)", str(key), dumps(result))
        return result

    async def set_people(self, body: dict[str, object], request: Request) -> Answer:
        """People, their habits, and whom they follow."""
        return self._once(body, lambda: population.set_people(self.world, body))

    async def set_arrivals(self, body: dict[str, object], request: Request) -> Answer:
        """People who will follow."""
        return self._once(body, lambda: population.set_arrivals(self.world, body))

    async def set_faults(self, body: dict[str, object], request: Request) -> Answer:
        """Replaces the faults that are named; revoke_tokens acts now."""
        faults = self.world.faults
        known = {f.name: type(getattr(faults, f.name)) for f in dataclasses.fields(faults)}
        if body.pop("revoke_tokens", False):
            self.world.db.run("update token set revoked = 1")
        for name, value in body.items():
            if name not in known:
                raise ValueError(f"unknown fault {name}")
            if known[name] is bool:
                good = isinstance(value, bool)
            else:
                good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            if not good or (known[name] is float and float(str(value)) > 1):
                raise ValueError(f"{name} is out of range")
        for name, value in body.items():
            setattr(faults, name, value if known[name] is bool else known[name](value))
        self.world.save_faults()
        return dataclasses.asdict(faults)

    async def act(self, body: dict[str, object], request: Request) -> Answer:
        """A scripted act of a person, now or at `at`."""
        person = self.world.person(request.path_params["id"])
        if body.get("act") not in acts.HANDLERS:
            raise ValueError(f"act must be one of {', '.join(acts.HANDLERS)}")
        self._check(body)
        at = parse_time(body.pop("at")) if "at" in body else self.world.clock.now()
        since = self.world.db.value("select max(id) from log")
        self.world.schedule(at, "act", person, body | {"person": person})
        await self._settle(at)
        rows = self.world.db.all("select * from log where id > ? and person = ? order by id", since, person)
        return {"person": person, "log": [report.entry(r) for r in rows]}

    def _check(self, body: Mapping[str, object]) -> None:
        world, needs = self.world, body["act"]
        if needs in ("subscribe", "unsubscribe", "block", "unblock", "scan", "text", "click_menu"):
            if body.get("account") not in world.oa:
                raise Unknown(f"account {body.get('account')}")
        elif needs in ("kf_enter", "kf_text", "kf_refuse"):
            if kf.account(world, str(body.get("open_kfid"))) is None:
                raise Unknown(f"customer service account {body.get('open_kfid')}")
        elif needs in ("add_member", "delete_member", "chat", "agree_archive", "like_moment", "comment_moment"):
            if (
                world.db.one(
                    "select 1 from member where corpid = ? and userid = ?",
                    str(body.get("corpid")),
                    str(body.get("userid")),
                )
                is None
            ):
                raise Unknown(f"member {body.get('userid')}")
        elif needs in ("open_url", "fill_form"):
            population.text(body, "url")
        elif needs == "scan_way":
            if relations.way_of(world, str(body.get("config_id"))) is None:
                raise Unknown(f"contact way {body.get('config_id')}")
        elif needs == "use_link":
            if acquisition.link_of(self.world, str(body.get("link_id"))) is None:
                raise Unknown(f"acquisition link {body.get('link_id')}")
        elif "config_id" in body:
            if world.db.one("select 1 from join_way where config_id = ?", str(body["config_id"])) is None:
                raise Unknown(f"join way {body['config_id']}")
        elif (
            world.db.one(
                "select 1 from chat where corpid = ? and chat_id = ?", str(body.get("corpid")), str(body.get("chat_id"))
            )
            is None
        ):
            raise Unknown(f"group {body.get('chat_id')}")
        if needs in ("text", "chat", "kf_text", "group_text"):
            population.text(body, "text")
        ticket = body.get("ticket")
        if ticket and world.db.one("select 1 from qr where ticket = ?", str(ticket)) is None:
            raise Unknown(f"ticket {ticket}")

    async def member_act(self, body: dict[str, object], request: Request) -> Answer:
        """A staff member's own act in the client."""
        now = self.world.clock.now()
        relations.staff(self.world, population.text(body, "corpid"), request.path_params["id"], body, now)
        await self._settle(now)
        return {"ok": True}

    async def set_staff(self, body: dict[str, object], request: Request) -> Answer:
        """How the members confirm their tasks."""
        model = body.get("model", {})
        if not isinstance(model, Mapping):
            raise ValueError("model must be an object")
        self.world.configure_staff(model)
        return dataclasses.asdict(self.world.staff_model)

    async def trade(self, body: dict[str, object], request: Request) -> Answer:
        """The company's shop reports buyers and orders."""
        return await shop.trade(self.engine, body)

    async def one_person(self, request: Request) -> Response:
        """GET /_sandbox/people/{id}."""
        try:
            return _json(report.person(self.world, self.world.person(request.path_params["id"])))
        except Unknown as error:
            return _problem(404, "unknown", str(error))
