"""Where a lake is: a folder or an S3 bucket."""

import datetime
import re
from dataclasses import dataclass

from dbt_project.errors import UserError

# In the address of an S3 object DuckDB reads these as patterns, parameters and escapes.
UNSAFE = re.compile(r"[*?\[\]#%\\]|[^\x20-\uffff]")
UNSAFE_WORDS = "* ? [ ] # % \\"


@dataclass(frozen=True)
class LakeUrl:
    """Where a lake is, parsed: a folder, or a bucket and a prefix.

    Attributes
    ----------
    text
        Without a slash at its end.
    is_s3
        Whether it is a bucket.
    """

    text: str
    is_s3: bool

    def __str__(self) -> str:
        return self.text

    @property
    def bucket(self) -> str:
        """The bucket's name; empty for a folder."""
        return self.text.removeprefix("s3://").partition("/")[0] if self.is_s3 else ""

    @classmethod
    def parse(cls, text: str) -> "LakeUrl":
        """Read where it is.

        Raises
        ------
        UserError
            One line, if it is neither. It continues a sentence that begins with the setting's name.
        """
        scheme, is_url, rest = text.partition("://")
        expected = "must be a folder or s3://bucket[/prefix]"
        # DuckDB's search for files reads \ as another /
        if not text.strip() or not text.isprintable() or "\\" in text:
            raise UserError(f"{expected}, not {text[:60]!r}")
        if not is_url and re.match(r"[a-z0-9]+:/", text):
            raise UserError(f"{expected}, not {text[:60]!r}: an address has // after its colon")
        if not is_url:
            return cls(text.rstrip("/") or "/", is_s3=False)
        if scheme != "s3":  # the rest of the address may be a password
            raise UserError(f"{expected}, not an address with {scheme}://")
        bucket, *prefix = rest.rstrip("/").split("/")
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
            raise UserError(f"{expected}: {bucket[:60]!r} is no name of a bucket")
        if any(folder in ("", ".", "..") or UNSAFE.search(folder) for folder in prefix):
            raise UserError(
                f"{expected}: the prefix {'/'.join(prefix)!r} has one of {UNSAFE_WORDS} "
                "or a folder without a name of its own"
            )
        return cls("/".join(["s3:/", bucket, *prefix]), is_s3=True)

    def files_of_day(self, kind: str, ride_date: datetime.date) -> str:
        """Return a pattern for DuckDB's glob: the day's files of one kind, and a few others.

        Examples
        --------
        >>> lake = LakeUrl.parse("s3://rides/raw/")
        >>> lake.files_of_day("news", datetime.date(2023, 5, 1))
        's3://rides/raw/news-20230501[-.]*'
        """
        return f"{glob_text(self.text)}/{kind}-{ride_date:%Y%m%d}[-.]*"


def glob_text(path: str) -> str:
    """Return a pattern that matches a path and nothing else.

    Examples
    --------
    >>> glob_text("lake/a*b")
    'lake/a[*]b'
    """
    return re.sub(r"([*?\[])", r"[\1]", path)
