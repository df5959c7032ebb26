"""The second line behind the host lock: the database itself refuses holds that overlap.

PostgreSQL has an exclusion constraint for it. SQLite has triggers, which a later rebuild of the table
drops without a word; so both are looked after each time migrations have run.
"""

from typing import Any

from django.db import connections

OVERLAP = "hold_no_overlap"

_SQLITE_TRIGGER = """
CREATE TRIGGER {name}_{event} BEFORE {event} ON booking_hold WHEN NEW.active
BEGIN
    SELECT RAISE(ABORT, 'hold_no_overlap') WHERE EXISTS (
        SELECT 1 FROM booking_hold AS other
        WHERE other.host_id = NEW.host_id AND other.active AND other.id IS NOT NEW.id
        AND other.blocks_from < NEW.blocks_until AND NEW.blocks_from < other.blocks_until
    );
END
"""

# btree_gist is a trusted extension: since PostgreSQL 13 the owner of the database may create it
# (https://www.postgresql.org/docs/15/btree-gist.html).
_POSTGRESQL = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE booking_hold ADD CONSTRAINT hold_no_overlap EXCLUDE USING gist
    (host_id WITH =, tstzrange(blocks_from, blocks_until) WITH &&) WHERE (active);
"""


def install_guards(*, using: str, **_: Any) -> None:
    """Put the guard on `booking_hold` in place, if that table is there and the guard is not."""
    connection = connections[using]
    if "booking_hold" not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [OVERLAP])
            if cursor.fetchone() is None:
                cursor.execute(_POSTGRESQL)
            return
        for event in ("INSERT", "UPDATE"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {OVERLAP}_{event}")
            cursor.execute(_SQLITE_TRIGGER.format(name=OVERLAP, event=event))
