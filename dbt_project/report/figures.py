"""The picture of distance against time, drawn by matplotlib as SVG.

Nothing in them but what CSS can reach: colours of kinds are set by class, texts take the page's
colour, so that one drawing serves light, dark and print. The same figures give the same bytes.
"""

import io
import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from scipy.spatial import cKDTree

from dbt_project.report.kinds import ANOMALY_KINDS
from dbt_project.report.rides import LINEAR_MILES, LINEAR_MINUTES, Picture

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # texts stay texts
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
}
LINE = "#808080"  # readable on white and on black
MILES_TICKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
MINUTES_TICKS = {
    0: "0",
    10: "10 min",
    30: "30 min",
    60: "1 h",
    120: "2 h",
    360: "6 h",
    720: "12 h",
    1440: "24 h",
    4320: "72 h",
}
SHADES = 5  # of the density of normal rides


def across(miles: object) -> np.ndarray:
    """Where a distance is on the picture's axis."""
    return np.arcsinh(np.asarray(miles, dtype=float) / LINEAR_MILES)


def upward(hours: object) -> np.ndarray:
    """Where a duration is on the picture's axis."""
    return np.arcsinh(np.asarray(hours, dtype=float) * 60 / LINEAR_MINUTES)


def draw_rides(picture: Picture, eps: float) -> str:
    """Distance against time: normal rides as density, outlines of their groups, every anomaly.

    Parameters
    ----------
    picture
        The rides, added up.
    eps
        The clustering's radius in standard deviations; outlines run at half of it around rides.
    """
    figure, axes = _figure(480, 370, left=48, right=8, bottom=36, top=8)
    right = float(across(max(picture.largest["miles"] or 0, 10))) * 1.03
    top = float(upward(max(picture.largest["hours"] or 0, 1))) * 1.04
    axes.set_xlim(-0.03 * right, right)
    axes.set_ylim(-0.02 * top, top)
    miles = [value for value in MILES_TICKS if across(value) < right]
    minutes = [value for value in MINUTES_TICKS if upward(value / 60) < top]
    axes.set_xticks(across(miles), [f"{value:,}" for value in miles])
    axes.set_yticks(upward(np.array(minutes) / 60), [MINUTES_TICKS[value] for value in minutes])
    axes.grid(color=LINE, alpha=0.25, linewidth=0.5)
    axes.set_xlabel("distance in miles")
    _draw_density(axes, picture)
    _draw_outlines(axes, picture, eps, right, top)
    for kind in ANOMALY_KINDS:
        marks = [row for row in picture.marks if row["anomaly_kind"] == kind.name]
        if marks:
            axes.plot(
                across([row["ride_dist"] for row in marks]),
                upward([row["ride_time"] for row in marks]),
                linestyle="",
                marker=kind.marker,
                markersize=7.5,
                clip_on=False,
                gid=f"marks-{kind.slug}",
            )
    normal = sum(row["rides"] for row in picture.cells)
    anomalous = sum(1 + row["others"] for row in picture.marks)
    title = f"Distance against time: {normal:,} normal rides as density, {anomalous:,} anomalous"
    return _svg(figure, "rides", f"{title} rides as marks")


def _draw_density(axes: Axes, picture: Picture) -> None:
    """Shade each cell by the logarithm of its rides, in few shades that CSS colours."""
    if not picture.cells:
        return
    rides: dict[tuple[int, int], int] = {}
    for row in picture.cells:
        place = (row["across"], row["upward"])
        rides[place] = rides.get(place, 0) + row["rides"]
    most = np.log1p(max(rides.values()))
    shades = {
        place: min(SHADES - 1, int(SHADES * np.log1p(n) / (most * 1.0001)))
        for place, n in rides.items()
    }
    for shade in range(SHADES):
        corners = np.array([place for place in rides if shades[place] == shade], dtype=float)
        if len(corners):
            left, low = corners.T * picture.cell
            square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * picture.cell
            path = np.concatenate([square + corner for corner in zip(left, low, strict=True)])
            codes = np.tile([1, 2, 2, 2, 79], len(corners))
            axes.add_patch(
                matplotlib.patches.PathPatch(
                    matplotlib.path.Path(path, codes), linewidth=0, gid=f"shade-{shade + 1}"
                )
            )


def _draw_outlines(axes: Axes, picture: Picture, eps: float, right: float, top: float) -> None:
    """Draw a line around each group of normal rides: half of `eps` away from them."""
    spread = np.array([picture.spread["miles"] or 1, picture.spread["hours"] or 1])
    columns, lines = np.linspace(0, right, 140), np.linspace(0, top, 110)
    miles, hours = np.meshgrid(
        np.sinh(columns) * LINEAR_MILES, np.sinh(lines) * LINEAR_MINUTES / 60
    )
    grid = np.column_stack([miles.ravel(), hours.ravel()]) / spread
    for label, cells in groupby(picture.cells, key=lambda row: row["label"]):
        rides = np.array([[row["miles"], row["hours"]] for row in cells]) / spread
        distance, _ = cKDTree(rides).query(grid)
        contours = axes.contour(
            columns,
            lines,
            np.asarray(distance).reshape(miles.shape),
            levels=[eps / 2],
            colors=LINE,
            linewidths=1.2,
        )
        contours.set_gid(f"outline-{label}")


def mark_points(marker: str) -> str:
    """The corners of a mark as SVG has them, within -1 and 1, for the legend and the table."""
    style = MarkerStyle(marker)
    path = style.get_path().transformed(style.get_transform())
    corners = np.array([point for point, code in path.iter_segments() if code != path.CLOSEPOLY])
    corners = corners / np.abs(corners).max() * [1, -1]
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in corners)


def _figure(
    width: float, height: float, left: float, right: float, bottom: float, top: float
) -> tuple[Figure, Axes]:
    """A figure with one pair of axes and these margins; measured layouts cost three times more."""
    figure = Figure(figsize=(width / 72, height / 72))
    axes = figure.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    )
    _quiet(axes)
    return figure, axes


def _quiet(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set_color(LINE)
    axes.tick_params(color=LINE)


SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)
TOO_FINE = re.compile(r"(\d\.\d\d)\d+")  # a hundredth of a point is nothing that can be seen


def _svg(figure: Figure, name: str, title: str) -> str:
    """The figure as an element of a page, without what only a file of its own needs."""
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):  # no identifier is in two figures
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=nothing)
    drawn = ElementTree.fromstring(file.getvalue())
    _take_out(drawn)
    _tidy(drawn)
    element = ElementTree.Element(
        f"{{{SVG}}}svg",
        {
            "viewBox": drawn.attrib["viewBox"],
            "role": "img",
            "aria-labelledby": f"{name}-title",
            "id": f"{name}-svg",
        },
    )
    heading = ElementTree.SubElement(element, f"{{{SVG}}}title", id=f"{name}-title")
    heading.text = title
    element.extend(drawn)
    return ElementTree.tostring(element, encoding="unicode")


def _take_out(drawn: ElementTree.Element) -> None:
    """Take out what matplotlib says of the file, and its style sheet: the page has its own."""
    for child in list(drawn):
        if child.tag == f"{{{SVG}}}metadata" or child.find(f"{{{SVG}}}style") is not None:
            drawn.remove(child)


def _tidy(drawn: ElementTree.Element) -> None:
    """Make our names classes, and leave the colours of marks to the page; in place."""
    used = {word for element in drawn.iter() for word in _named_by(element)}
    shapes = {id(path) for defs in drawn.iter(f"{{{SVG}}}defs") for path in defs}
    for element in drawn.iter():
        name = element.attrib.get("id", "")
        if name not in used:
            element.attrib.pop("id", None)
            if "-" in name:  # one that we gave: matplotlib's own have none
                element.set("class", name)
        if element.tag == f"{{{SVG}}}use" or id(element) in shapes:
            element.attrib.pop("style", None)
        for key, value in element.attrib.items():
            element.set(key, TOO_FINE.sub(r"\1", " ".join(value.split())))
        if not (element.text or "").strip():
            element.text = None
        element.tail = "\n"


def _named_by(element: ElementTree.Element) -> Iterable[str]:
    """The identifiers of elements that one refers to."""
    yield element.attrib.get(f"{{{XLINK}}}href", "").removeprefix("#")
    yield element.attrib.get("clip-path", "").removeprefix("url(#").removesuffix(")")


def in_style() -> AbstractContextManager[None]:
    """The settings under which figures are drawn, as a context."""
    return matplotlib.rc_context(STYLE)
