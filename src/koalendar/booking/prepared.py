"""Queries whose SQL is put together once per process, for calls that come by the hundred a second.

Putting a queryset together and writing it as SQL costs several times what the database takes to answer it.
Where that decides how many invitees a process can serve, the values that change are written as `Given`:

    prepared = Prepared(Hold.objects.filter(host_id=Given("host", AutoField())).values_list("blocks_from"))
    prepared(host=7)
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, QuerySet
from django.db.models.sql.compiler import SQLCompiler


class Given(Expression):
    """A value that is named now and given when the query runs, of the type that `field` says."""

    def __init__(self, name: str, field: "Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:  # noqa: ARG002
        return "%s", [self]


class _Written(NamedTuple):
    sql: str
    parameters: Sequence[Any]
    converters: Sequence[tuple[int, Sequence[Any], Any]]  # Of a column: its position, what to call, for what.


class Prepared:
    """A query for plain rows: `rows` ends with `values_list`, and says `Given` for what changes."""

    def __init__(self, rows: "QuerySet[Any, Any]") -> None:
        self._rows = rows
        self._written: dict[str, _Written] = {}

    def __call__(self, **given: Any) -> list[list[Any]]:
        """The rows of now, as the fields read them."""
        written = self._written.get(connection.vendor)
        if written is None:
            written = self._written[connection.vendor] = self._write()
        values = [
            each.output_field.get_db_prep_value(given[each.name], connection)
            if isinstance(each, Given)
            else each
            for each in written.parameters
        ]
        with connection.cursor() as cursor:
            cursor.execute(written.sql, values)
            rows = [list(row) for row in cursor.fetchall()]
        for position, converters, expression in written.converters:
            for row in rows:
                for convert in converters:
                    row[position] = convert(row[position], expression, connection)
        return rows

    def _write(self) -> _Written:
        compiler = self._rows.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        columns = [column for column, *_ in compiler.select]
        found = compiler.get_converters(columns).items()
        converters = [(position, calls, column) for position, (calls, column) in found]
        return _Written(sql, parameters, converters)
