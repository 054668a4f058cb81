"""Names and texts in SQL, for statements that take no parameters."""

from __future__ import annotations

from dataclasses import dataclass


def sql_text(value: str | None) -> str:
    """Quote a text for SQL; None is NULL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True)
class Schema:
    """A schema of an attached database."""

    database: str
    name: str

    def __str__(self) -> str:
        return f"{quoted(self.database)}.{quoted(self.name)}"

    def table(self, name: str) -> str:
        """Return a table's full name in SQL."""
        return f"{self}.{quoted(name)}"


def quoted(name: str) -> str:
    """Quote an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'
