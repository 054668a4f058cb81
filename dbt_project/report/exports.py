"""Links from a page to the exports, which may lie in another folder."""

import os
from dataclasses import dataclass
from urllib.parse import quote


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
