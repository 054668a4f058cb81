"""Pages in a folder or an S3 bucket: each appears whole or not at all."""

import os
from pathlib import Path

import duckdb

from dbt_project.sql_text import sql_text


def write_page(connection: duckdb.DuckDBPyConnection, folder: str, name: str, html: str) -> str:
    """Write a page in the place of an earlier one of its name.

    Parameters
    ----------
    connection
        Has the way to S3, if the folder is there.
    folder
        A folder, or ``s3://bucket[/prefix]``.

    Returns
    -------
    str
        The page's path or URL.
    """
    path = f"{folder.rstrip('/')}/{name}"
    if "://" in folder:
        connection.execute("CREATE OR REPLACE TEMP TABLE page AS SELECT encode($1) AS html", [html])
        connection.execute(f"COPY page TO {sql_text(path)} (FORMAT blob)")
        connection.execute("DROP TABLE page")
    else:
        unfinished = Path(f"{path}.unfinished")
        unfinished.write_text(html, encoding="utf-8")
        os.replace(unfinished, path)
    return path


def page_names(connection: duckdb.DuckDBPyConnection, folder: str) -> list[str]:
    """Names of the days' pages that a folder or bucket has."""
    pattern = f"{folder.rstrip('/')}/report_*.html"
    found = connection.execute("SELECT parse_filename(file) FROM glob(?)", [pattern]).fetchall()
    return [name for (name,) in found]
