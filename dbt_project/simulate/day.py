"""Write a simulated day into the lake."""

from collections.abc import Iterator
from pathlib import Path

from dbt_project.simulate.files import (
    JsonFile,
    published_together,
    remove_other_forms,
    write_evenly,
)
from dbt_project.simulate.options import Options
from dbt_project.simulate.records import (
    RideLines,
    incident_lines,
    news_lines,
    traffic_lines,
    weather_lines,
)
from dbt_project.simulate.rides import RideModel, anomalies_of_a_day
from dbt_project.simulate.world import World, make_world


def write_day(options: Options) -> list[Path]:
    """Write a simulated day into the lake, and its truth files.

    All files appear together, when the last ride is written.

    Parameters
    ----------
    options : Options
        What to write.

    Returns
    -------
    list of Path
        The files written.
    """
    world = make_world(options.day, options.seed, options.incidents)
    anomalies = anomalies_of_a_day(options.rides, options.anomaly_share)
    model = RideModel(world, options.seed, options.rides, anomalies)
    lines = RideLines(world, options)
    for folder in (options.lake, options.truth):
        folder.mkdir(parents=True, exist_ok=True)
    truth = JsonFile(options.truth / f"truth-{options.day_name}.json")
    incidents = JsonFile(options.truth / f"incidents-{options.day_name}.json")
    ride_files = [lake_file(name, options) for name in ride_file_names(options)]
    side_files = {} if options.is_historical else side_records(world, options)

    def batches() -> Iterator[list[str]]:
        for rides in model.chunks():
            truth.write(lines.truth(rides))
            yield lines.records(rides)

    written = [*ride_files, *side_files, truth]
    if world.incidents:
        written.append(incidents)
    with published_together(written):
        for file, records in side_files.items():
            file.write(records)
        incidents.write(incident_lines(world, options.day_name))
        write_evenly(batches(), ride_files, options.records)
    remove_other_forms(options, written)
    if not world.incidents:
        incidents.path.unlink(missing_ok=True)
    return [file.path for file in written]


def lake_file(name: str, options: Options) -> JsonFile:
    """Return a file of the lake in the chosen format."""
    ending = ".json.gz" if options.is_gzip else ".json"
    return JsonFile(options.lake / f"{name}{ending}", options.is_ndjson, options.is_gzip)


def ride_file_names(options: Options) -> list[str]:
    """Return the names of the rides' files without their ending."""
    name = f"taxi-rides-{options.day_name}"
    if options.parts == 1:
        return [name]
    return [f"{name}-{number:04d}" for number in range(1, options.parts + 1)]


def side_records(world: World, options: Options) -> dict[JsonFile, list[str]]:
    """Return the records of news, weather and traffic by their files."""
    records = {
        "news": news_lines(world),
        "weather": weather_lines(world),
        "traffic": traffic_lines(world),
    }
    return {
        lake_file(f"{name}-{options.day_name}", options): lines for name, lines in records.items()
    }
