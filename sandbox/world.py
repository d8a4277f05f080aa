"""The world: its file, clock, accounts, people and log; everything else works on it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from people import Model, Profile, StaffModel, model_from, profile, staff_model_from, unit
from sandbox.clock import Clock
from sandbox.store import Db, Value, dumps

_URL = re.compile(r"https?://[^\s<>\"'“”，。；）)】」]+")


@dataclass(slots=True)
class Faults:
    """What goes wrong on demand; rates in [0, 1]."""

    seed: int = 1
    lose: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    latency_ms: int = 0
    ip_denied: bool = False
    busy: float = 0.0
    drop_answers: float = 0.0
    oauth: float = 0.0
    tag_conflict: float = 0.0


class Unknown(Exception):
    """A control call names something that is not there."""


def digest(title: str, text: str) -> str:
    """The content key: 16 hex digits over title and text with every URL masked."""
    return hashlib.sha256(f"{title}\n{_URL.sub('<url>', text)}".encode()).hexdigest()[:16]


def token_text(*parts: object, size: int = 24) -> str:
    """A stable identifier-like text (base64url alphabet) from parts."""
    raw = hashlib.blake2b("|".join(str(p) for p in parts).encode(), digest_size=48).digest()
    return base64.urlsafe_b64encode(raw).decode()[:size]


class World:
    """All state. Methods change the file but do not commit; the engine and the HTTP edge do."""

    def __init__(self, folder: Path) -> None:
        self.db = Db(folder)
        self.clock = Clock()
        kept = self.db.setting("clock")
        if isinstance(kept, dict):
            self.clock.restore(kept)
        self.faults = Faults(**_mapping(self.db.setting("faults", {})))  # type: ignore[arg-type]  # written by save_faults
        self.url = ""
        self.oa: dict[str, dict[str, object]] = {}
        self.corps: dict[str, dict[str, object]] = {}
        self.apps: dict[tuple[str, int], dict[str, object]] = {}
        self.load()

    def load(self) -> None:
        """Reads the accounts and the people's parameters into memory."""
        db = self.db
        self.oa = {r["appid"]: json.loads(r["data"]) for r in db.all("select * from oa")}
        self.corps = {r["corpid"]: json.loads(r["data"]) for r in db.all("select * from corp")}
        self.apps = {(r["corpid"], r["agentid"]): json.loads(r["data"]) for r in db.all("select * from corp_app")}
        self.seed = int(str(db.setting("seed", 1)))
        self.grain = int(str(db.setting("grain_s", 1))) * 1000
        self.model = model_from(Model(), _mapping(db.setting("model", {})))
        self.staff_model = staff_model_from(StaffModel(), _mapping(db.setting("staff_model", {})))
        # Scripted persons are few; their own habits are kept at hand for the vectorised reactions.
        rows = db.all("select id, data from person where data like '%\"habits\"%'")
        self.own: dict[int, dict[str, float]] = {r["id"]: json.loads(r["data"])["habits"] for r in rows}

    def configure(self, *, seed: int | None, grain_s: int | None, model: Mapping[str, object], topics: object) -> None:
        """Replaces the people's parameters that are given. Raises ValueError for unknown or bad ones."""
        changes = dict(_mapping(self.db.setting("model", {})), **model)
        if topics is not None:
            changes["topics"] = topics
        model_from(Model(), changes)
        if grain_s is not None and grain_s < 1:
            raise ValueError("grain_s must be at least 1")
        self.db.keep("model", changes)
        if seed is not None:
            self.db.keep("seed", seed)
        if grain_s is not None:
            self.db.keep("grain_s", grain_s)
        self.load()

    def configure_staff(self, model: Mapping[str, object]) -> None:
        """Replaces the staff's parameters that are given. Raises ValueError for unknown or bad ones."""
        changes = dict(_mapping(self.db.setting("staff_model", {})), **model)
        staff_model_from(StaffModel(), changes)
        self.db.keep("staff_model", changes)
        self.load()

    def save_faults(self) -> None:
        """Stores the faults."""
        self.db.keep("faults", dataclasses.asdict(self.faults))

    # -- people ---------------------------------------------------------------------------------------------------

    def add_people(self, count: int, named: Sequence[Mapping[str, object]] = ()) -> tuple[int, int]:
        """Makes `count` unnamed or the named persons; returns (first id, last id)."""
        first = self.db.value("select max(id) from person") + 1
        rows: list[tuple[Value, ...]] = []
        for i in range(len(named) or count):
            data = dict(named[i]) if named else {}
            unionid = str(data.pop("unionid", "") or "oU" + token_text("union", self.seed, first + i, size=26))
            rows.append((first + i, unionid, dumps(data)))
        self.db.many("insert into person (id, unionid, data) values (?, ?, ?)", rows)
        for i, one in enumerate(named):
            if isinstance(one.get("habits"), dict):
                self.own[first + i] = {str(k): float(str(v)) for k, v in _mapping(one["habits"]).items()}
        return first, first + len(rows) - 1

    def person(self, who: str) -> int:
        """A person's number from the number, an openid or an external_userid. Raises Unknown."""
        if who.isdigit():
            row = self.db.one("select id from person where id = ?", int(who))
        else:
            row = self.db.one("select person from oa_user where openid = ?", who) or self.db.one(
                "select person from contact where external_userid = ?", who
            )
        if row is None:
            raise Unknown(f"person {who}")
        return int(row[0])

    def data(self, person: int) -> dict[str, object]:
        """What a named person was made with."""
        row = self.db.one("select data from person where id = ?", person)
        return json.loads(row[0]) if row else {}

    def profile(self, person: int) -> Profile:
        """The person on paper."""
        own = {k: str(v) for k, v in self.data(person).items() if isinstance(v, str)}
        return profile(self.seed, person, own)

    def unionid(self, person: int) -> str:
        """The person's unionid."""
        row = self.db.one("select unionid from person where id = ?", person)
        return str(row[0]) if row else ""

    def openid(self, appid: str, person: int) -> str:
        """The person's openid at this account; makes a (not following) user row on first sight."""
        row = self.db.one("select openid from oa_user where appid = ? and person = ?", appid, person)
        if row:
            return str(row[0])
        made = self.new_openid(appid, person)
        self.db.run("insert into oa_user (appid, openid, person) values (?, ?, ?)", appid, made, person)
        return made

    @staticmethod
    def new_openid(appid: str, person: int) -> str:
        """The openid that this person has at this account."""
        return "o" + token_text("openid", appid, person, size=27)

    def external_userid(self, corpid: str, person: int) -> str:
        """The person's external_userid in this corp; makes a contact row (not yet a customer) on first sight."""
        row = self.db.one("select external_userid from contact where corpid = ? and person = ?", corpid, person)
        if row:
            return str(row[0])
        made = "wm" + token_text("external", corpid, person, size=30)
        self.db.run(
            "insert into contact (corpid, external_userid, person, customer) values (?, ?, ?, 0)", corpid, made, person
        )
        return made

    def oa_user(self, appid: str, openid: str) -> sqlite3.Row | None:
        """The user row of an openid at this account."""
        return self.db.one("select * from oa_user where appid = ? and openid = ?", appid, openid)

    # -- the log --------------------------------------------------------------------------------------------------

    def log(
        self, kind: str, name: str, at: int, *, account: str = "", person: int = 0, uid: str = "", route: str = "",
        msgid: str = "", key: str = "", result: str = "", data: Mapping[str, object] | None = None,
    ) -> int:  # fmt: skip
        """Appends one entry; returns its id."""
        return self.db.insert(
            "insert into log (at, kind, name, account, person, uid, route, msgid, key, result, data) values "
            "(?,?,?,?,?,?,?,?,?,?,?)",
            at, kind, name, account, person, uid, route, msgid, key, result, dumps(data) if data else "",
        )  # fmt: skip

    # -- what is due ----------------------------------------------------------------------------------------------

    def schedule(self, due: int, kind: str, lane: int, data: Mapping[str, object]) -> None:
        """Something that will happen at `due` ms; equal lanes keep their order."""
        self.db.run("insert into due (due, kind, lane, data) values (?, ?, ?, ?)", due, kind, lane, dumps(data))

    def schedule_many(self, rows: Iterable[tuple[int, str, int, Mapping[str, object]]]) -> None:
        """Many (due ms, kind, lane, data) at once."""
        self.db.many(
            "insert into due (due, kind, lane, data) values (?, ?, ?, ?)",
            ((due, kind, lane, dumps(data)) for due, kind, lane, data in rows),
        )

    def grained(self, ms: int) -> int:
        """`ms` moved up to the people's grain."""
        return -(-ms // self.grain) * self.grain

    def next_due(self) -> int | None:
        """The earliest thing waiting, Unix ms."""
        row = self.db.one("select due from due order by due limit 1")
        return int(row[0]) if row else None

    def counter(self, name: str) -> int:
        """The next number of a stored sequence, from 1."""
        return self.db.counter(name)

    def chance(self, purpose: str, key: object) -> float:
        """A uniform number of the fault seed for (purpose, key)."""
        return unit(self.faults.seed, 0, str(key), purpose)


def _mapping(value: object) -> dict[str, object]:
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else {}
