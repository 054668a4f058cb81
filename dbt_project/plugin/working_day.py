"""The day that the working tables hold."""

import duckdb


def staged_inputs(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The files that the records in staging were read from, as note_working_day has noted them.

    None if it has not.
    """
    notes = connection.execute(
        "SELECT comment FROM duckdb_tables() "
        "WHERE table_name = 'stg_lake__ride_records' AND comment IS NOT NULL"
    ).fetchall()
    return notes[0][0].partition(" ")[2] if notes else None
