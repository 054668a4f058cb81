"""How each kind of anomaly looks: the same in pictures, table and words."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One value of ``anomaly_kind``."""

    name: str
    marker: str
    """matplotlib's marker; every kind has a shape of its own, readable without its colour."""

    @property
    def slug(self) -> str:
        """The name as an identifier of HTML; its colour is in style.css under this name."""
        return self.name.replace(" ", "-")


ANOMALY_KINDS = (
    Kind("hardly moved", "s"),
    Kind("long distance", ">"),
    Kind("long time", "^"),
    Kind("long distance and time", "D"),
    Kind("slow for the distance", "p"),
    Kind("quick for the distance", "v"),
    Kind("nothing to compare with", "X"),
)
