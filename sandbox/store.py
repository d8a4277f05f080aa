"""The world's file: one SQLite database, used by one process and one thread."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
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
create table if not exists cookie (person integer, host text, path text, name text, value text, primary key (person,
  host, path, name)) without rowid;
create table if not exists due (id integer primary key, due integer not null, kind text not null,
  lane integer not null, data text not null,
  taken integer not null default 0);
create index if not exists due_when on due (taken, due, id);
create table if not exists log (id integer primary key, at integer not null, kind text not null, name text not null,
  account text not null,
  person integer not null, uid text not null, route text not null, msgid text not null, key text not null,
  result text not null, data text not null);
create index if not exists log_kind on log (kind, at);
create index if not exists log_person on log (person, kind, at);
"""


class Busy(Exception):
    """Another process runs a sandbox in this directory."""


def dumps(value: object) -> str:
    """Compact JSON with real UTF-8 characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
        self._conn.execute("pragma journal_mode = wal")
        self._conn.execute("pragma synchronous = normal")
        self._conn.execute("pragma wal_autocheckpoint = 8000")
        self._conn.execute("pragma cache_size = -65536")
        self._conn.executescript(SCHEMA)

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
        self._conn.commit()

    def rollback(self) -> None:
        """Takes back everything since the last commit."""
        self._conn.rollback()

    def close(self) -> None:
        """Commits, folds the WAL into the file and lets the directory go."""
        self._conn.commit()
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
