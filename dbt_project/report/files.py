"""Pages in a folder or an S3 bucket: each appears whole or not at all."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import duckdb

from dbt_project.lake.delivery import copy_whole, upload
from dbt_project.settings.lake_url import glob_text


@dataclass(frozen=True)
class Exports:
    """The exports, as a page in some folder sees them."""

    folder: str
    """Where they are: a folder, or ``s3://bucket[/prefix]``."""
    link: str | None
    """What stands before a name in a link to one: nothing if they are in the page's own folder;
    None if no link leads there, as from a folder to a bucket."""

    @classmethod
    def seen_from(cls, page_folder: str, exports: str) -> "Exports":
        """How a page in one folder or bucket sees the exports in another."""
        page_folder, exports = page_folder.rstrip("/"), exports.rstrip("/")
        if page_folder == exports:
            return cls(exports, "")
        if "://" in page_folder + exports:
            return cls(exports, None)
        relative = os.path.relpath(exports, page_folder)
        return cls(exports, "" if relative == "." else quote(relative) + "/")


def write_page(folder: str, name: str, html: str) -> str:
    """Write a page in the place of an earlier one of its name.

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
    """Names of the days' pages that a folder or bucket has."""
    pattern = f"{glob_text(folder.rstrip('/'))}/report_*.html"
    found = connection.execute("SELECT parse_filename(file) FROM glob(?)", [pattern]).fetchall()
    return [name for (name,) in found]
