"""Text as a literal of SQL, for the statements that take no parameters."""


def sql_text(value: str | None) -> str:
    """Quote a text for SQL; None is NULL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"
