"""Make the results' page and its plot from the figures that were measured.

``python benchmarks/page.py`` measures nothing. It reads ``day.json``, ``recall.json``,
``summary_quality.json`` and ``clustering.md`` in ``docs/benchmarks/``, and writes
``docs/benchmarks.md`` and ``docs/benchmarks/cost_per_ride.svg``.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import GIB, MIB, markdown_table, memory, seconds

DOCS = Path(__file__).resolve().parent.parent / "docs"
PLOT = "cost_per_ride.svg"
NOT_INJECTED, NOT_FLAGGED = "none", "not flagged"
# The most that a day may take: seconds above an empty project, and bytes.
TARGETS = {
    400: (8, 600 * MIB),
    1_000_000: (20, 2 * GIB),
    10_000_000: (200, 8 * GIB),
}
JSON_STEPS = (
    "stg_lake__ride_records",
    "stg_lake__rides",
    "clustered_data",
    "clustered_summarized",
)
LONGEST_STEPS = 8
RECALL_TARGET = 0.95
Results = dict[str, Any]


def results_folder(docs: Path) -> Path:
    """Return the folder of the figures. Make it if it is missing."""
    folder = docs / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write(docs: Path) -> None:
    """Write the page and the plot from all measured figures."""
    folder = results_folder(docs)
    parts = [INTRODUCTION]
    measured = {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in SECTIONS
        if (folder / f"{name}.json").exists()
    }
    machines = [results["machine"] for results in measured.values()]
    parts += [machine_part(each) for each in machines[:1]]
    for name, results in measured.items():
        parts += SECTIONS[name](results)
        if results["machine"] != machines[0]:
            parts.append(
                "This section was measured elsewhere.\n\n" + machine_part(results["machine"])
            )
    clustering = folder / "clustering.md"
    if clustering.exists():
        parts += [CLUSTERING, clustering.read_text(encoding="utf-8").strip()]
    (docs / "benchmarks.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    if "day" in measured:
        draw(measured["day"], folder / PLOT)


INTRODUCTION = """# Benchmarks

This page shows how long a day takes, how much memory it needs, and which anomalies are found. Above
each table stands the command that made it. [benchmarks/](../benchmarks/README.md) says how to run
these commands."""

CLUSTERING = """## Clustering alone

`python benchmarks/clustering.py`

The table shows the seconds of the clustering and the peak memory of its process: once for
`min_samples` 10, and once for the share of the day's rides that a build uses. Other
implementations run beside it, and their labels are compared."""


def paragraph(text: str) -> str:
    """Break a paragraph into lines."""
    words = " ".join(text.split())
    return textwrap.fill(words, 100, break_long_words=False, break_on_hyphens=False)


def machine_part(machine: dict[str, str]) -> str:
    """Name the machine."""
    names = ("processor", "memory", "system")
    versions = [f"{name} {version}" for name, version in machine.items() if name not in names]
    return paragraph(
        f"The machine: {machine['processor']}, {machine['memory']} of memory; "
        f"{machine['system']}; {', '.join(versions)}."
    )


def command_part(results: Results) -> str:
    """Name the command that measured."""
    return f"`{results['command']}`"


# A whole day --------------------------------------------------------------------------------------


def day_parts(results: Results) -> list[str]:
    """Return the parts of the page about whole days."""
    return [
        "## Time and memory of a day",
        command_part(results),
        *([paragraph(results["note"])] if "note" in results else []),
        targets_table(results),
        above_part(results),
        "## Where the time goes",
        limits_part(results),
        steps_table(results),
        "## A whole day in a folder",
        command_part(results),
        folder_table(results),
        FOLDER_NOTES,
        "## A whole day on S3, and the usual pipeline",
        command_part(results),
        s3_table(results),
        s3_notes(results),
        "## Cost per ride as the day grows",
        command_part(results),
        f"![Cost per ride as the day grows](benchmarks/{PLOT})",
        PLOT_NOTES,
    ]


def above(results: Results, measured: Results) -> float:
    """Return the seconds of a build above those of an empty project."""
    return float(measured["seconds"] - results["empty"]["seconds"])


def targets_table(results: Results) -> str:
    """Compare with the targets."""
    days = {day["rides"]: day for day in results["days"]}
    rows = [target_row(results, days.get(rides), rides) for rides in TARGETS]
    heading = ["rides", "above an empty project", "at most", "peak memory", "at most", ""]
    return markdown_table(heading, rows)


def target_row(results: Results, day: Results | None, rides: int) -> list[str]:
    """Compare one day with its targets."""
    most_seconds, most_memory = TARGETS[rides]
    if day is None:
        reached = ["not measured", "not measured", ""]
    else:
        took, peak = above(results, day["fresh"]), day["fresh"]["peak"]
        verdict = "reached" if took <= most_seconds and peak <= most_memory else "missed"
        reached = [seconds(took), memory(peak), verdict]
    time, space, verdict = reached
    return [f"{rides:,}", time, f"{most_seconds} s", space, memory(most_memory), verdict]


def above_part(results: Results) -> str:
    """Explain "above an empty project"."""
    empty = results["empty"]
    return paragraph(
        f"""*Above an empty project* is the wall time of `dbt build` into a new warehouse, minus
        that of an empty dbt project: one trivial model, the same settings of DuckDB, the same run,
        the median of three. The empty project takes {seconds(empty["seconds"])} and
        {memory(empty["peak"])}. Both parse their project anew, as on every night. Memory is the
        peak of dbt's process, in which everything runs."""
    )


def limits_part(results: Results) -> str:
    """Say where the time of a small and of a large day goes."""
    small, large = results["days"][0], results["days"][-1]
    clustering = large["steps"].get("int_rides_labelled", 0.0)
    return paragraph(
        f"""On a day of {small["rides"]:,} rides dbt itself (starting, parsing, going from node to
        node) takes {share_of(small, own_seconds(small))} of the time, and its tests take
        {share_of(small, small["steps"]["tests"])}. On a day of {large["rides"]:,} rides they take
        {share_of(large, own_seconds(large))} and {share_of(large, large["steps"]["tests"])}.
        Reading the records, parsing their JSON and writing them back as two exports takes
        {share_of(large, json_seconds(large))}, and the clustering takes
        {share_of(large, clustering)}. The floor is DuckDB's bare read of the same file with
        declared columns on every core: {share_of(large, large["bare_read"]["seconds"])}."""
    )


def own_seconds(day: Results) -> float:
    """Return the seconds of a build in which dbt ran none of its nodes."""
    return float(day["fresh"]["seconds"] - sum(day["steps"].values()))


def json_seconds(day: Results) -> float:
    """Return the seconds of a build's steps that are mostly JSON."""
    return float(sum(day["steps"].get(step, 0.0) for step in JSON_STEPS))


def share_of(day: Results, part: float) -> str:
    """Format a part of a build's seconds as a share."""
    share = part / day["fresh"]["seconds"]
    return f"{share:.0%}" if share >= 0.01 else "less than 1%"


def steps_table(results: Results) -> str:
    """Show where the time of the smallest and of the largest day goes."""
    days = [results["days"][0], results["days"][-1]]
    models = [step for step in days[-1]["steps"] if step != "tests"]
    models.sort(key=lambda step: -days[-1]["steps"][step])
    named, others = models[:LONGEST_STEPS], models[LONGEST_STEPS:]
    rows = [
        [f"`{step}`", *(seconds(day["steps"].get(step, 0.0)) for day in days)] for step in named
    ]
    rows.append(
        [f"{len(others)} other models"]
        + [seconds(sum(day["steps"].get(step, 0.0) for step in others)) for day in days]
    )
    rows.append(["all tests", *(seconds(day["steps"]["tests"]) for day in days)])
    rows.append(["dbt itself", *(seconds(own_seconds(day)) for day in days)])
    return markdown_table(["step", *(f"{day['rides']:,} rides" for day in days)], rows)


def folder_table(results: Results) -> str:
    """Show builds in a folder beside the bare read."""
    rows = [
        [
            f"{day['rides']:,}",
            f"{day['bytes'] / 1e6:,.1f} MB",
            seconds(day["fresh"]["seconds"]),
            seconds(above(results, day["fresh"])),
            memory(day["fresh"]["peak"]),
            seconds(day["again"]["seconds"]),
            memory(day["again"]["peak"]),
            seconds(day["bare_read"]["seconds"]),
            f"{day['fresh']['seconds'] / day['bare_read']['seconds']:,.0f} x",
        ]
        for day in results["days"]
    ]
    heading = [
        *("rides", "rides' file", "build", "above an empty project", "peak memory"),
        *("again", "its peak memory", "bare read", "build / bare read"),
    ]
    return markdown_table(heading, rows)


FOLDER_NOTES = """\
*build* is `dbt build` with every test, from the files of a simulated day to both exports and the
published warehouse, into a new warehouse. *again* builds the same day into the warehouse that this
left. *bare read* is the query `select count(*), sum(ride_dist)` alone, over declared columns, the
median of three. All files are in the page cache."""


def s3_table(results: Results) -> str:
    """Show builds on S3 beside the peer's."""
    rows = [
        [f"{day['rides']:,}", *cells(day["s3"]), *cells(day["peer"])]
        for day in results["days"]
        if "s3" in day
    ]
    heading = ["rides", "`dbt build`", "peak memory", "usual pipeline", "its peak memory"]
    return markdown_table(heading, rows)


def cells(measured: Results | None) -> tuple[str, str]:
    """Format time and memory of a run. The run may have failed, or may not have been tried."""
    if measured is None:
        return "not tried", ""
    if measured["failure"]:
        return measured["failure"], ""
    return seconds(measured["seconds"]), memory(measured["peak"])


def s3_notes(results: Results) -> str:
    """Say how the peer and the S3 server were measured."""
    return paragraph(
        f"""The usual pipeline, [peer.py](../benchmarks/peer.py), is pandas, boto3 and
        scikit-learn's `DBSCAN`. It labels the rides and writes both exports, without contexts,
        tables and tests. Python and its libraries take
        {seconds(results["peers_imports"]["seconds"])} of its time to start. It may use
        {results["memory_limit"] / GIB:g} GiB of resident memory and {results["time_limit"]:g} s.
        After the first day that it does not survive, it is not tried on larger ones. Its
        `min_samples` is 10 on every day, as in this pipeline up to 5,000 rides. The S3 server,
        moto, is simulated on the same cores: its own work is part of both times."""
    )


PLOT_NOTES = """\
The plot shows the wall time per ride, minus the time that does not depend on the rides. For this
pipeline that is the build of an empty dbt project, for the usual one the start of Python and its
libraries. This pipeline and the bare read use a folder; the usual pipeline uses S3, as in its
table."""


# Recall -------------------------------------------------------------------------------------------


def recall_parts(results: Results) -> list[str]:
    """Return the parts of the page about what is found."""
    parts = [
        "## Recall and precision",
        command_part(results),
        recall_table(results),
        recall_notes(results),
    ]
    if results.get("real"):
        parts += [
            "## Faults planted in real rides",
            f"`{results['command']} FOLDER`",
            real_table(results["real"]),
            real_notes(results),
        ]
    parts += ["## The kinds that anomalies are given", command_part(results)]
    for kinds in results["kinds"]:
        days = "1 day" if kinds["days"] == 1 else f"{kinds['days']} days"
        parts += [f"{days} of {kinds['rides']:,} rides:", kinds_table(kinds)]
    return [*parts, KINDS_NOTES]


RULES = {"share": "standard", "fixed": "standard, `min_samples` fixed", "log": "log"}


def found_cells(row: Results) -> list[str]:
    """Format the recall of a rule for each kind, and its precision by both counts."""
    shares = [*row["recall_by_kind"].values(), row["precision"], row["precision_with_unusual"]]
    return [f"{share:.3f}" for share in shares]


def found_heading(row: Results) -> list[str]:
    """Name the columns of `found_cells`."""
    kinds = [kind.replace("_", " ") for kind in row["recall_by_kind"]]
    return [*kinds, "precision", "with the naturally unusual"]


def recall_table(results: Results) -> str:
    """Show recall and precision by size and rule."""
    rows = [
        [
            f"{row['rides']:,}",
            row["days"],
            RULES[row["rule"]],
            f"{row['min_samples']:,}",
            *(f"{share:.3f}" for share in (row["recall"], row["lowest_recall"])),
            *found_cells(row),
            f"{row['flagged_share']:.2%}",
        ]
        for row in results["rules"]
    ]
    heading = ["rides", "days", "scale", "`min_samples`", "recall", "of the worst day"]
    return markdown_table([*heading, *found_heading(results["rules"][0]), "flagged"], rows)


def recall_notes(results: Results) -> str:
    """Say what was measured, and whether recall is what it should be."""
    settings = results["settings"]
    lowest = min(row["recall"] for row in results["rules"] if row["rule"] == "share")
    verdict = "reached at every size" if lowest >= RECALL_TARGET else "missed"
    return paragraph(
        f"""The days are simulated days of Glasgow with known anomalies: 0.5 % of the rides, at
        least 8. Each day has another seed. `eps` is {settings["eps"]} on the standard scale and
        {settings["log_eps"]} on the logarithmic one (`clustering_scale: log`). A build uses as
        `min_samples` the larger of {settings["min_samples"]} and {settings["min_samples_share"]} of
        the day's rides; *fixed* means {settings["min_samples"]} at any size, as in the usual
        pipeline. The target of {RECALL_TARGET} for recall is {verdict} (lowest: {lowest:.3f}).
        *precision* counts every ride that was not injected as wrong. But a simulated day also has
        rides that are unusual by themselves: rides to towns nearby, and rides with waits of more
        than a quarter of an hour. The truth names them as a class of their own, and the last column
        but one counts them as right."""
    )


def real_table(real: Results) -> str:
    """Show what is found of the faults in real rides."""
    rows = [
        [
            RULES[rule],
            f"{row['recall']:.3f}",
            *found_cells(row),
            f"{row['flagged_share_of_others']:.2%}",
        ]
        for rule, row in real["rules"].items()
    ]
    heading = found_heading(real["rules"]["share"])
    return markdown_table(["scale", "recall", *heading, "of the real rides flagged"], rows)


def real_notes(results: Results) -> str:
    """Say what the real rides are and what was planted."""
    real = results["real"]
    return paragraph(
        f"""{real["sets"]} sets of {real["smallest"]:,} to {real["largest"]:,} rides of
        {real["taxis"]}, uncleaned, each {real["plantings"]} times with other faults.
        {real["faults_of_a_kind"]} rides take 3 to 24 hours, as many take 4 to 8 times as long as
        they did, as many have a digit too many in their distance, and as many have a distance of
        zero. The sets have faults of their own, mostly rides of 24 hours. These stretch the
        standard deviation, and so hide the planted faults from the standard scale. Nobody knows
        which of the real rides are rightly flagged. A ride counts as naturally unusual if it is at
        or beyond the 99.5th percentile of distance, time or speed, or at or below the 0.5th
        percentile of speed."""
    )


def kinds_table(kinds: Results) -> str:
    """Show the kinds given for each kind injected."""
    counts = {(injected, given): count for injected, given, count in kinds["counts"]}
    rows_of = sorted({kind for kind, _ in counts}, key=lambda kind: (kind == NOT_INJECTED, kind))
    columns = sorted({given for _, given in counts}, key=lambda kind: (kind == NOT_FLAGGED, kind))
    rows = [
        [injected.replace("_", " "), *(counts.get((injected, given), 0) for given in columns)]
        for injected in rows_of
    ]
    return markdown_table(["injected", *columns], rows)


KINDS_NOTES = """\
Rows are the kinds that were injected, columns the `anomaly_kind` that a real `dbt build` gave. The
kind depends on the ride's place among the day's normal rides, so a long ride that was also slow may
have either name. The rides of *naturally unusual* and *none* were not injected."""


# Summaries ----------------------------------------------------------------------------------------


MEASURES = {
    "shared": ("sentences that more than half of their day's anomalous rides have", "≤ 5%"),
    "named": ("summaries that name the bulletin of their ride's incident", "≥ 95%"),
    "nothing": ("summaries that say that nothing fits, if nothing was planted", "≥ 95%"),
    "unsupported": ("sentences that rest on no item", "0"),
    "elsewhere": ("sentences about other hours or areas", "0"),
    "world": ("sentences of world news", "0"),
    "without_items": ("summaries without `item_ids` that say something", "0"),
    "strange_items": ("rows of `ride_circumstances` of other hours or areas", "0"),
    "incidents": ("planted incidents that are rows of `incidents`", "≥ 95%"),
    "delayed": (
        "rides that a planted incident delayed, and whose `likely_reason` says so",
        "≥ 95%",
    ),
    "not_delayed": ("rides with another injected fault whose `likely_reason` is a delay", "≤ 10%"),
}
WAYS = {
    "extractive": "without a model",
    "scripted": "scripted server",
    "real": "real days, without a model",
}


def quality_parts(results: Results) -> list[str]:
    """Return the parts of the page about summaries."""
    return [
        "## What summaries are about",
        command_part(results),
        quality_table(results),
        quality_notes(results),
    ]


def quality_table(results: Results) -> str:
    """Show each measure of each way beside its target."""
    ways = [way for way in WAYS if way in results["ways"]]
    rows = [
        [what, target, *(share_cell(results["ways"][way]["scores"].get(name)) for way in ways)]
        for name, (what, target) in MEASURES.items()
    ]
    return markdown_table(["", "target", *(WAYS[way] for way in ways)], rows)


def share_cell(share: list[int] | None) -> str:
    """Format how many of how many."""
    if share is None:
        return "not known"
    hits, of = share
    return f"{hits:,} of {of:,} ({hits / of:.1%})" if of else "none"


def quality_notes(results: Results) -> str:
    """Say what was measured and how."""
    days = "; ".join(
        f"{WAYS[name]} {way['days']} days with {way['rides']:,} anomalous rides"
        for name, way in results["ways"].items()
    )
    return paragraph(
        f"""These days were built and published: {days}. The simulated days have
        {results["rides"]:,} rides each, and other seeds, weekdays and seasons. Every other day has
        planted incidents: closures and crowds that delay about half of the rides of their area and
        hours. Sentences are compared with the files of the lake. A sentence rests on the item that
        has most of its words, at least half of them. It names a bulletin if it has half of the
        words of one of the bulletin's sentences that no other text of the day has. Nothing was
        planted for a ride if no bulletin, no headline about its area and no rain, fog, ice or
        strong wind falls into its area and hours. The scripted server quotes the bulletins of the
        ride's area. World news of real days are the headlines that do not name the city."""
    )


# The plot -----------------------------------------------------------------------------------------


def draw(results: Results, file: Path) -> None:
    """Draw the cost per ride as the day grows."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # The same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": "cost_per_ride", "font.size": 11}):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.add_subplot()
        draw_curves(axes, results)
        axes.set(xscale="log", yscale="log", xlabel="rides in the day")
        axes.set_ylabel("microseconds per ride")
        cores = results["machine"]["processor"].rpartition(", ")[2]
        axes.set_title(
            f"Time per ride as the day grows\n{cores}, without the time of starting up", loc="left"
        )
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
        axes.grid(which="major", color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(file, metadata={"Date": None})


def draw_curves(axes: Any, results: Results) -> None:
    """Draw a curve for this pipeline, the usual one and the bare read."""
    days = results["days"]
    imports = results["peers_imports"]["seconds"]
    survived = [day for day in days if day.get("peer") and not day["peer"]["failure"]]
    ours = [(day["rides"], above(results, day["fresh"])) for day in days]
    peers = [(day["rides"], day["peer"]["seconds"] - imports) for day in survived]
    bare = [(day["rides"], day["bare_read"]["seconds"]) for day in days]
    # Okabe and Ito's colours. Each curve also has its own marker, for readers who see no colours.
    curve(axes, peers, "pandas + boto3 + scikit-learn", "#D55E00", "s")
    curve(axes, ours, "this pipeline, with its tests", "#0072B2", "o")
    curve(axes, bare, "DuckDB only reading the file", "#555555", "^")
    axes.legend(frameon=False)
    dead = [day for day in days if day.get("peer") and day["peer"]["failure"]]
    if dead and peers:
        reason = dead[0]["peer"]["failure"].partition(" (")[0]
        axes.annotate(
            f"{reason} at {dead[0]['rides']:,}",
            (peers[-1][0], peers[-1][1] / peers[-1][0] * 1e6),
            xytext=(-45, -45),
            textcoords="offset points",
            color="#D55E00",
        )


def curve(axes: Any, points: list[tuple[int, float]], label: str, colour: str, mark: str) -> None:
    """Draw seconds by rides as microseconds per ride. Leave out values of zero and below."""
    shown = [(rides, spent / rides * 1e6) for rides, spent in points if spent > 0]
    axes.plot(*zip(*shown, strict=True), label=label, color=colour, marker=mark, linewidth=2)


SECTIONS: dict[str, Callable[[Results], list[str]]] = {
    "day": day_parts,
    "recall": recall_parts,
    "summary_quality": quality_parts,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder (default docs)")
    write(parser.parse_args().docs)
