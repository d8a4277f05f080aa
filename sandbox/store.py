"""The world's file: one SQLite database, used by one process and one thread."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import sqlite3
from _json import make_encoder
from collections.abc import Iterable, Iterator, Sequence
from json.encoder import encode_basestring
from pathlib import Path

Value = str | int | float | bytes | None

SCHEMA = """
create table if not exists setting (name text primary key, value text not null) without rowid;
create table if not exists keyed (key text primary key, result text not null) without rowid;
create table if not exists oa (appid text primary key, data text not null) without rowid;
create table if not exists corp (corpid text primary key, data text not null) without rowid;
create table if not exists corp_app (corpid text, agentid integer, data text not null, primary key (corpid,
  agentid)) without rowid;
create table if not exists department (corpid text, id integer, data text not null, primary key (corpid,
  id)) without rowid;
create table if not exists member (corpid text, userid text, data text not null, primary key (corpid,
  userid)) without rowid;
create table if not exists token (token text primary key, platform text, account text, agentid integer, kind text,
  issued integer, expires integer, replaced integer, revoked integer not null default 0) without rowid;
create index if not exists token_account on token (account, agentid, kind, issued);
create table if not exists quota (account text, api text, day text, n integer not null, primary key (account, api,
  day)) without rowid;
create table if not exists person (id integer primary key, unionid text not null unique,
  data text not null default '{}');
create table if not exists oa_user (appid text, openid text, person integer not null,
  subscribed integer not null default 0,
  subscribe_at integer not null default 0, scene_kind text not null default '', scene text not null default '',
  remark text not null default '',
  blocked integer not null default 0, talk_at integer, talk_used integer not null default 0, short_machine integer,
  short_used integer not null default 0, month text not null default '', month_used integer not null default 0,
  primary key (appid, openid)) without rowid;
create unique index if not exists oa_user_person on oa_user (appid, person);
create table if not exists oa_tag (appid text, id integer, name text, primary key (appid, id)) without rowid;
create table if not exists oa_user_tag (appid text, tag integer, openid text, primary key (appid, tag,
  openid)) without rowid;
create index if not exists oa_user_tag_user on oa_user_tag (appid, openid);
create table if not exists media (account text, media_id text, kind text, name text, permanent integer,
  created integer, expires integer,
  body blob, primary key (account, media_id)) without rowid;
create table if not exists template (appid text, template_id text, data text not null, primary key (appid,
  template_id)) without rowid;
create table if not exists template_key (appid text, openid text, client_msg_id text, msgid integer, at integer,
  primary key (appid, openid, client_msg_id)) without rowid;
create table if not exists qr (appid text, ticket text primary key, scene text, permanent integer, expires integer);
create table if not exists mass (msg_id integer primary key, appid text, clientmsgid text, to_all integer,
  at integer, status text,
  content text, target text, result text not null default '{}');
create unique index if not exists mass_client on mass (appid, clientmsgid) where clientmsgid <> '';
create table if not exists code (code text primary key, account text, agentid integer, person integer, userid text,
  scope text, at integer,
  used integer not null default 0) without rowid;
create table if not exists contact (corpid text, external_userid text, person integer not null,
  customer integer not null default 1,
  primary key (corpid, external_userid)) without rowid;
create unique index if not exists contact_person on contact (corpid, person);
create table if not exists follow (corpid text, userid text, external_userid text, at integer, data text not null,
  ended text not null default '',
  primary key (corpid, userid, external_userid)) without rowid;
create index if not exists follow_contact on follow (corpid, external_userid);
create table if not exists chat (corpid text, chat_id text, data text not null, primary key (corpid,
  chat_id)) without rowid;
create table if not exists chat_member (corpid text, chat_id text, uid text, kind integer, person integer,
  at integer, scene integer, state text,
  primary key (corpid, chat_id, uid)) without rowid;
create table if not exists join_way (corpid text, config_id text primary key, data text not null);
create table if not exists contact_way (corpid text, config_id text primary key, agentid integer, created integer,
  data text not null);
create table if not exists welcome (code text primary key, corpid text, userid text, uid text, at integer,
  machine integer, sent_at integer, sent_by integer) without rowid;
create index if not exists welcome_pair on welcome (corpid, userid, uid);
create table if not exists broadcast (msgid text unique not null, corpid text, agentid integer, chat_type text,
  created integer, machine integer, cancelled integer not null default 0, reminded text not null default '[]',
  data text not null);
create table if not exists broadcast_task (msgid text, userid text, status integer not null default 0, sent_at integer,
  primary key (msgid, userid)) without rowid;
create index if not exists broadcast_task_open on broadcast_task (userid, status);
create table if not exists broadcast_target (msgid text, userid text, target text, status integer not null default 0,
  sent_at integer, primary key (msgid, userid, target)) without rowid;
create index if not exists broadcast_target_sent on broadcast_target (target, sent_at) where status = 1;
create table if not exists corp_tag_group (corpid text, id text, name text, ord integer, created integer,
  agentid integer, primary key (corpid, id));
create table if not exists corp_tag (corpid text, id text, group_id text, name text, ord integer, created integer,
  agentid integer, primary key (corpid, id));
create table if not exists acquisition_link (link_id text primary key, corpid text, agentid integer,
  created integer, data text not null) without rowid;
create table if not exists chat_key (key text primary key, at integer, data text not null) without rowid;
create table if not exists kf_account (open_kfid text unique not null, corpid text, data text not null);
create table if not exists kf_session (open_kfid text, uid text, data text not null, primary key (open_kfid,
  uid)) without rowid;
create index if not exists kf_session_uid on kf_session (uid);
create table if not exists kf_msg (seq integer primary key, open_kfid text, at integer, data text not null);
create index if not exists kf_msg_account on kf_msg (open_kfid, seq);
create table if not exists kf_token (token text primary key, open_kfid text, at integer) without rowid;
create table if not exists kf_code (code text primary key, open_kfid text, uid text, kind text, state integer,
  at integer, machine integer, used integer not null default 0) without rowid;
create table if not exists archive (seq integer primary key, corpid text, at integer, data text not null);
create table if not exists moment (moment_id text unique not null, jobid text, corpid text, created integer,
  machine integer, cancelled integer not null default 0, data text not null);
create table if not exists moment_task (moment_id text, userid text, status integer not null default 0, at integer,
  primary key (moment_id, userid)) without rowid;
create table if not exists moment_seen (moment_id text, userid text, uid text, primary key (moment_id, userid,
  uid)) without rowid;
create table if not exists moment_reaction (moment_id text, userid text, uid text, kind text, at integer,
  primary key (moment_id, userid, uid, kind)) without rowid;
create table if not exists cookie (person integer, host text, path text, name text, value text, primary key (person,
  host, path, name)) without rowid;
create table if not exists due (id integer primary key, due integer not null, kind text not null,
  lane integer not null, data text not null);
drop index if exists due_when;
create index if not exists due_order on due (due, id);
create table if not exists log (id integer primary key, at integer not null, kind text not null, name text not null,
  account text not null,
  person integer not null, uid text not null, route text not null, msgid text not null, key text not null,
  result text not null, data text not null);
create index if not exists log_kind on log (kind, at);
create index if not exists log_person on log (person, kind, at);
"""


class Busy(Exception):
    """Another process runs a sandbox in this directory."""


# What JSONEncoder.encode makes anew at each call, made once; that is half of the time for what is stored here.
_pieces = make_encoder(None, json.JSONEncoder().default, encode_basestring, None, ":", ",", False, False, True)


def dumps(value: object) -> str:
    """Compact JSON with real UTF-8 characters."""
    return "".join(_pieces(value, 0))


class Db:
    """SQLite with implicit transactions; `commit` ends one. Survives kill -9; a power cut may cost the last moments."""

    def __init__(self, folder: Path) -> None:
        """Opens or creates `folder`/sandbox.sqlite. Raises Busy when another process holds it."""
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(folder / "sandbox.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise Busy(f"another sandbox is running in {folder}") from error
        self._conn = sqlite3.connect(folder / "sandbox.sqlite", check_same_thread=False, cached_statements=512)
        self._conn.row_factory = sqlite3.Row
        # One process alone, as the lock above says: without shared locks a statement needs no system calls for them.
        self._conn.execute("pragma locking_mode = exclusive")
        self._conn.execute("pragma journal_mode = wal")
        self._conn.execute("pragma synchronous = normal")
        self._conn.execute("pragma wal_autocheckpoint = 8000")
        self._conn.execute("pragma cache_size = -65536")
        self._conn.execute("pragma temp_store = memory")
        self._conn.executescript(SCHEMA)
        self._counters: dict[str, int] = {}
        self._counted: set[str] = set()
        self._soon: asyncio.Future[None] | None = None

    def one(self, sql: str, *args: Value) -> sqlite3.Row | None:
        """The first row or None."""
        row: sqlite3.Row | None = self._conn.execute(sql, args).fetchone()
        return row

    def all(self, sql: str, *args: Value) -> list[sqlite3.Row]:
        """All rows."""
        return self._conn.execute(sql, args).fetchall()

    def value(self, sql: str, *args: Value) -> int:
        """The first column of the first row as an integer, 0 when there is none."""
        row = self._conn.execute(sql, args).fetchone()
        return int(row[0] or 0) if row else 0

    def run(self, sql: str, *args: Value) -> int:
        """Executes; returns the number of rows changed."""
        return self._conn.execute(sql, args).rowcount

    def insert(self, sql: str, *args: Value) -> int:
        """Executes an insert; returns the new row's id."""
        return self._conn.execute(sql, args).lastrowid or 0

    def many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """Executes for each row."""
        return self._conn.executemany(sql, rows).rowcount

    def commit(self) -> None:
        """Makes everything since the last commit last."""
        for name in self._counted & self._counters.keys():
            self.keep(f"counter:{name}", self._counters[name])
        self._counted.clear()
        self._conn.commit()
        soon, self._soon = self._soon, None
        if soon is not None and not soon.done():
            soon.set_result(None)

    def commit_soon(self) -> asyncio.Future[None]:
        """Commits after everything else that the loop has ready; what comes in together shares one transaction."""
        if self._soon is None:
            loop = asyncio.get_running_loop()
            self._soon = loop.create_future()
            loop.call_soon(self._commit_now)
        return self._soon

    def _commit_now(self) -> None:
        if self._soon is not None:
            self.commit()

    def rollback(self) -> None:
        """Takes back everything since the last commit; when others' work waits for its commit, that one comes."""
        if self._soon is not None:
            self.commit()
            return
        self._conn.rollback()
        for name in self._counted:
            self._counters.pop(name, None)
        self._counted.clear()

    @contextlib.contextmanager
    def piece(self) -> Iterator[None]:
        """What happens inside is done whole or, when it raises, not at all. Nothing may be awaited inside."""
        if not self._conn.in_transaction:
            self._conn.execute("begin")
        self._conn.execute("savepoint piece")
        counters = self._counters.copy()
        try:
            yield
        except BaseException:
            self._conn.execute("rollback to piece")
            self._counters = counters
            raise
        finally:
            self._conn.execute("release piece")

    def counter(self, name: str) -> int:
        """The next number of a stored sequence, from 1."""
        last = self._counters.get(name)
        if last is None:
            last = int(str(self.setting(f"counter:{name}", 0)))
        self._counters[name] = last + 1
        self._counted.add(name)
        return last + 1

    def close(self) -> None:
        """Commits, folds the WAL into the file and lets the directory go."""
        self.commit()
        self._conn.execute("pragma wal_checkpoint(truncate)")
        self._conn.close()
        os.close(self._lock)

    def setting(self, name: str, default: object = None) -> object:
        """A stored setting (JSON) or the default."""
        row = self.one("select value from setting where name = ?", name)
        return json.loads(row[0]) if row else default

    def keep(self, name: str, value: object) -> None:
        """Stores a setting."""
        self.run("insert or replace into setting (name, value) values (?, ?)", name, dumps(value))
