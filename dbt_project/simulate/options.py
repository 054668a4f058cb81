"""What to simulate, where and how to write it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

BAD_KINDS = (
    "null id",
    "missing distance",
    "distance as a word",
    "negative distance",
    "time of zero",
    "impossible distance",
    "repeated id",
    "no object",
)
"""The kinds of records that cannot be used, in the order in which a day has them."""


@dataclass(frozen=True)
class Options:
    """What to write, where and how; the defaults give the embedded day.

    Attributes
    ----------
    day : date
        The simulated day.
    rides : int
        Number of usable rides, anomalies included.
    seed : int
        Another seed gives another day for the same date.
    lake : Path
        Folder of the lake.
    truth : Path
        Folder of the truth file.
    bad_records : int
        Number of records that cannot be used, on top of `rides`.
    anomaly_share : float or None
        Share of the rides that are anomalies; None for the rule of `anomalies_of_a_day`.
    incidents : int
        Number of incidents that are planted, each a bulletin and the rides that it delays.
    is_ndjson : bool
        One record per line without an array round them.
    is_gzip : bool
        Compress the lake's files.
    parts : int
        Number of files for the rides; 1 is a single file without a number in its name.
    is_historical : bool
        Texts inline on every ride, no pickup time, no side files.
    """

    day: date = date(2023, 5, 1)
    rides: int = 400
    seed: int = 1
    lake: Path = Path("lake")
    truth: Path = Path("truth")
    bad_records: int = len(BAD_KINDS)
    anomaly_share: float | None = None
    incidents: int = 0
    is_ndjson: bool = False
    is_gzip: bool = False
    parts: int = 1
    is_historical: bool = False

    @property
    def day_name(self) -> str:
        """The date as file names have it, YYYYMMDD."""
        return self.day.strftime("%Y%m%d")

    @property
    def records(self) -> int:
        """Number of records in the rides' files."""
        return self.rides + self.bad_records
