"""How each kind of anomaly looks and what it is called: the same in pictures, table and words."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One value of ``anomaly_kind``."""

    name: str
    marker: str
    """matplotlib's marker; every kind has a shape of its own, readable without its colour."""
    meaning: str

    @property
    def slug(self) -> str:
        """The name as an identifier of HTML; its colour is in style.css under this name."""
        return self.name.replace(" ", "-")


KINDS = (
    Kind("hardly moved", "s", "under 0.1 mile"),
    Kind("long distance", ">", "longer than 99.5% of the normal rides"),
    Kind("long time", "^", "took longer than 99.5% of the normal rides"),
    Kind("long distance and time", "D", "both longer than 99.5% of the normal rides"),
    Kind("slow for the distance", "p", "more time than normal rides take for that distance"),
    Kind("quick for the distance", "v", "less time than normal rides take for that distance"),
    Kind("nothing to compare with", "X", "the day had no normal ride"),
)
