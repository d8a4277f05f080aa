"""The schema: migrations say what the tables say, and the rules that keep the data distributable hold."""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from sqlalchemy import Column, Connection, ForeignKey, Integer, MetaData, Table, UniqueConstraint, text

from migrations.schema import configuration, create_all, load_tables
from siyu.kernel.db import engine_for, metadata
from siyu.kernel.postgres import check_server
from tests.support.database import Server
from tools import migrations

# Tables found by a key of their own: they find the customer (or the duplicate) in the first place.
LOOK_UPS = {
    "identity": "finds the customer of an identity",
    "event_key": "finds the duplicate of an event",
    "origin": "finds the customer that an arrival belongs to now",
    "erasure": "an order to erase outlives the customer",
    "chat_member": "a member of a chat is known to the platform before the customer is known",
}


def breaches(tables: list[Table]) -> list[str]:
    """What a table of customer data may not do: stand alone without the customer in a key or join."""
    found = []
    for table in tables:
        if "customer_id" not in table.c or table.name in LOOK_UPS:
            continue
        if table.primary_key.columns and "customer_id" not in table.primary_key.columns:
            found.append(f"{table.name}: primary key without customer_id")
        unique = [constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
        found += [f"{table.name}: unique without customer_id" for c in unique if "customer_id" not in c.columns]
        found += [
            f"{table.name}: unique index {index.name} without customer_id"
            for index in table.indexes
            if index.unique and "customer_id" not in {getattr(e, "name", "") for e in index.expressions}
        ]
        for key in table.foreign_key_constraints:
            if "customer_id" in key.referred_table.c and "customer_id" not in key.columns:
                found.append(f"{table.name}: foreign key to {key.referred_table.name} without customer_id")
    return found


def test_customer_data_is_keyed_by_customer() -> None:
    load_tables()
    assert breaches(list(metadata.tables.values())) == []


def test_the_rule_can_be_broken() -> None:
    other = MetaData()
    customer = Table("customer", other, Column("customer_id", Integer, primary_key=True))
    bad = Table(
        "note",
        other,
        Column("note_id", Integer, primary_key=True),
        Column("customer_id", Integer),
        Column("about", Integer, ForeignKey("customer.customer_id")),
        Column("key", Integer, index=True, unique=True),
        UniqueConstraint("about"),
    )
    assert breaches([customer]) == []
    assert len(breaches([bad])) == 4


def _clocks_and_triggers(connection: Connection) -> list[str]:
    """Triggers, and column defaults or check constraints that read the clock."""
    rows = connection.execute(
        text(
            "select 'trigger ' || tgname from pg_trigger where not tgisinternal"
            " union all select 'default of ' || adrelid::regclass from pg_attrdef"
            "   where pg_get_expr(adbin, adrelid) ~* 'now\\(|current_|clock_timestamp'"
            " union all select 'constraint ' || conname from pg_constraint"
            "   where contype = 'c' and pg_get_constraintdef(oid) ~* 'now\\(|current_(date|time)|clock_timestamp'"
        )
    )
    return list(rows.scalars())


def test_no_triggers_and_no_clock_in_the_schema(server: Server) -> None:
    name = f"{server.prefix}declared"
    engine = engine_for(server.create(name), pool=1)
    try:
        with engine.begin() as connection:
            create_all(connection)
            assert _clocks_and_triggers(connection) == []
            connection.execute(text("create table bad (at timestamptz default now())"))
            assert len(_clocks_and_triggers(connection)) == 1
    finally:
        engine.dispose()
        server.drop(name)


def test_migrations_make_the_declared_tables(server: Server) -> None:
    """``alembic check``: no difference; and every declared sequence is there, which the check does not look at."""
    name = f"{server.prefix}migrated"
    url = server.create(name)
    try:
        check_server(url)
        config = configuration(url)
        command.upgrade(config, "head")
        command.check(config)
        with psycopg.connect(url) as connection:
            made = {row[0] for row in connection.execute("select sequencename from pg_sequences")}
        assert {sequence.name for sequence in metadata._sequences.values()} <= made
    finally:
        server.drop(name)


def test_a_migration_that_would_stop_a_company_is_refused(tmp_path: Path) -> None:
    """squawk forgives statements on tables that it saw being created, so each revision is a file of its own."""
    (tmp_path / "0000_first.sql").write_text("create table customer (customer_id int primary key, name text not null);")
    assert migrations.squawk(tmp_path) == 0
    (tmp_path / "0001_second.sql").write_text("alter table customer alter column name type int using 0;")
    assert migrations.squawk(tmp_path) != 0
