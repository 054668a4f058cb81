"""Pages in a folder or an S3 bucket: each appears whole or not at all."""

import tempfile
from pathlib import Path

import duckdb

from dbt_project.lake.delivery import copy_whole, upload
from dbt_project.settings.lake_url import glob_text


def write_page(folder: str, name: str, html: str) -> str:
    """Write a page. It replaces an earlier page of the same name.

    Parameters
    ----------
    folder
        A folder, or ``s3://bucket[/prefix]``.

    Returns
    -------
    str
        The page's path or URL.
    """
    path = f"{folder.rstrip('/')}/{name}"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".html") as local:
        local.write(html)
        local.flush()
        if "://" in folder:
            upload(Path(local.name), path)
        else:
            copy_whole(Path(local.name), Path(path))
    return path


def page_names(connection: duckdb.DuckDBPyConnection, folder: str) -> list[str]:
    """Return the names of the days' pages in a folder or bucket."""
    pattern = f"{glob_text(folder.rstrip('/'))}/report_*.html"
    found = connection.execute("SELECT parse_filename(file) FROM glob(?)", [pattern]).fetchall()
    return [name for (name,) in found]
