"""Write one simulated day of taxi rides in Glasgow, in the lake's own format.

``python -m dbt_project.simulate --help`` tells what can be chosen. The rides' known anomalies go
to a truth file outside the lake, so that recall can be measured.
"""

import argparse
import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, NoReturn
from zoneinfo import ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from dbt_project.simulate_rides import (
    KINDS,
    MINUTE,
    NORMAL,
    PAYMENTS,
    RideModel,
    Rides,
    anomalies_of_a_day,
)
from dbt_project.simulate_texts import AREAS
from dbt_project.simulate_world import HOUR, WHOLE_CITY, LocalDay, World, make_world

COMMAND = "python -m dbt_project.simulate"

Texts = NDArray[np.object_]

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


# Files --------------------------------------------------------------------------------------------


class JsonFile:
    """A file of JSON records, one per line, that is written beside its path until `publish`.

    Parameters
    ----------
    path : Path
        The file.
    is_ndjson : bool
        Leave out the brackets and commas of an array.
    is_gzip : bool
        Compress.
    """

    def __init__(self, path: Path, is_ndjson: bool = False, is_gzip: bool = False) -> None:
        self.path = path
        self._temporary = path.with_name(f".{path.name}.tmp")
        self._opening, self._separator, self._closing = (
            (b"", "\n", b"\n") if is_ndjson else (b"[\n", ",\n", b"\n]\n")
        )
        self._is_gzip = is_gzip
        self._is_empty = True
        self._is_finished = False
        self._file: BinaryIO | None = None
        self._sink: BinaryIO | gzip.GzipFile | None = None

    def write(self, lines: Sequence[str]) -> None:
        """Add records, each of them JSON text."""
        if lines:
            sink = self._open()
            sink.write(self._opening if self._is_empty else self._separator.encode())
            sink.write(self._separator.join(lines).encode())
            self._is_empty = False

    def finish(self) -> None:
        """Write what belongs after the last record, and close; nothing the second time."""
        if self._is_finished:
            return
        ending = self._closing
        if self._is_empty:
            ending = self._opening.rstrip() + self._closing.lstrip()
        self._open().write(ending)
        self._close()
        self._is_finished = True

    def publish(self) -> None:
        """Give the finished file its name."""
        self._temporary.replace(self.path)

    def discard(self) -> None:
        """Remove what was written and not published."""
        # A full disk fails the closing as well; what failed first is what is reported.
        with suppress(OSError):
            self._close()
        self._temporary.unlink(missing_ok=True)

    def _open(self) -> BinaryIO | gzip.GzipFile:
        if self._sink is None:
            self._file = self._temporary.open("wb")
            # No name and no time in the header: the same day gives the same bytes.
            self._sink = (
                gzip.GzipFile("", "wb", 6, self._file, mtime=0) if self._is_gzip else self._file
            )
        return self._sink

    def _close(self) -> None:
        for stream in (self._sink, self._file):
            if stream is not None:
                stream.close()


@contextmanager
def published_together(files: Sequence[JsonFile]) -> Iterator[None]:
    """Publish all the files when the block ends, or none of them when it fails."""
    try:
        yield
        for file in files:
            file.finish()
        for file in files:
            file.publish()
    finally:
        for file in files:
            file.discard()


def write_evenly(batches: Iterable[Sequence[str]], files: Sequence[JsonFile], records: int) -> None:
    """Spread records over files in their order, `records` being how many there are in all."""
    ends = [records * (number + 1) // len(files) for number in range(len(files))]
    written = current = 0
    for batch in batches:
        done = 0
        while done < len(batch):
            while written == ends[current]:
                files[current].finish()
                current += 1
            take = min(len(batch) - done, ends[current] - written)
            files[current].write(batch[done : done + take])
            done += take
            written += take


def remove_other_forms(options: Options, written: Sequence[JsonFile]) -> None:
    """Remove the day's files of an earlier run in another form, which would be read as well."""
    kept = {file.path for file in written}
    name = re.compile(
        rf"(taxi-rides-{options.day_name}(-\d+)?|(news|weather|traffic)-{options.day_name})"
        r"\.json(\.gz)?"
    )
    for path in options.lake.iterdir():
        if name.fullmatch(path.name) and path not in kept:
            path.unlink()


# Records ------------------------------------------------------------------------------------------


def to_json(record: object) -> str:
    """Return a record as one line of compact JSON."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def news_lines(world: World) -> list[str]:
    """Return the day's news as JSON records."""
    return [
        to_json(
            {
                "published_at": world.day.stamp(item.second),
                **named_area(item.area),
                "text": item.text,
            }
        )
        for item in world.news
    ]


def weather_lines(world: World) -> list[str]:
    """Return the day's hourly weather observations as JSON records."""
    return [
        to_json({"observed_at": world.day.stamp(hour.second), "text": hour.text})
        for hour in world.weather
    ]


def traffic_lines(world: World) -> list[str]:
    """Return the day's traffic bulletins as JSON records."""
    lines = []
    for bulletin in world.bulletins:
        record = {"started_at": world.day.stamp(bulletin.start)}
        if bulletin.end is not None:
            record["ended_at"] = world.day.stamp(bulletin.end)
        lines.append(to_json({**record, **named_area(bulletin.area), "text": bulletin.text}))
    return lines


def named_area(area: int) -> dict[str, str]:
    """Return the field for an area; what concerns the whole city has none."""
    return {} if area == WHOLE_CITY else {"area": AREAS[area].name}


class RideLines:
    """Turns chunks of rides into lines of JSON, bad records among them.

    Parameters
    ----------
    world : World
        The day's circumstances.
    options : Options
        What to write.
    """

    def __init__(self, world: World, options: Options) -> None:
        self._options = options
        self._areas: Texts = np.array([area.name for area in AREAS], dtype=object)
        self._payments: Texts = np.array(PAYMENTS, dtype=object)
        if options.is_historical:
            self._inline = inline_texts(world)
        else:
            self._pickup_times = pickup_times(world.day)
        # A template is several times as fast as an encoder, and none of its texts needs escaping.
        self._template = (
            f'{{"ride_id":"{options.day_name}-%08d",%s,"area":"%s","ride_dist":%.2f,'
            '"ride_time":%.4f,"passengers":%d,"payment":"%s"}'
        )

    def records(self, rides: Rides) -> list[str]:
        """Return a chunk's rides in order, with the bad records that belong among them."""
        lines = self._usable(rides)
        bad = self._bad(rides, lines)
        for place in sorted(bad, reverse=True):
            lines[place:place] = bad[place]
        return lines

    def truth(self, rides: Rides) -> list[str]:
        """Return the chunk's anomalies, each with its kind."""
        places = np.flatnonzero(rides.kind != NORMAL)
        return [
            to_json({"ride_id": self._ride_id(rides.first + place), "kind": KINDS[kind]})
            for place, kind in zip(places.tolist(), rides.kind[places].tolist(), strict=True)
        ]

    def _ride_id(self, number: int) -> str:
        return f"{self._options.day_name}-{number + 1:08d}"

    def _usable(self, rides: Rides) -> list[str]:
        numbers = range(rides.first + 1, rides.first + len(rides.pickup) + 1)
        template = self._template
        return [
            template % fields
            for fields in zip(
                numbers,
                self._circumstances(rides).tolist(),
                self._areas[rides.area].tolist(),
                rides.distance.tolist(),
                rides.time.tolist(),
                rides.passengers.tolist(),
                self._payments[rides.payment].tolist(),
                strict=True,
            )
        ]

    def _circumstances(self, rides: Rides) -> Texts:
        """Return the fields that tell when a ride took place, or what was true then."""
        if self._options.is_historical:
            return self._inline[rides.pickup // HOUR, rides.area]
        return self._pickup_times[rides.pickup]

    def _bad(self, rides: Rides, lines: Sequence[str]) -> dict[int, list[str]]:
        """Return the bad records among a chunk's rides, by the place where they are inserted."""
        bad: dict[int, list[str]] = {}
        for number in bad_numbers(rides.first, rides.first + len(lines), self._options):
            place = ride_before(number, self._options) - rides.first
            sound = np.flatnonzero(rides.kind[: place + 1] == NORMAL)
            model = json.loads(lines[sound[-1] if len(sound) else place])
            new_id = self._ride_id(self._options.rides + number)
            record = spoil(model, new_id, BAD_KINDS[number % len(BAD_KINDS)])
            bad.setdefault(place + 1, []).append(to_json(record))
        return bad


def pickup_times(day: LocalDay) -> Texts:
    """Return the field for the pickup time, for each second of the day."""
    fields = []
    for second in range(0, day.seconds, MINUTE):
        stamp = day.stamp(second)
        to_the_minute, offset = stamp[:17], stamp[19:]
        fields += [f'"pickup_at":"{to_the_minute}{s:02d}{offset}"' for s in range(MINUTE)]
    return np.array(fields, dtype=object)


def inline_texts(world: World) -> Texts:
    """Return the fields for news, weather and traffic, for each hour of the day and area."""
    return np.array(
        [
            [inline_text(world, hour * HOUR, area) for area in range(len(AREAS))]
            for hour in range(world.day.hours)
        ],
        dtype=object,
    )


def inline_text(world: World, second: int, area: int) -> str:
    """Return the three texts for a ride that begins in the hour after `second`."""
    later = second + HOUR
    here = (WHOLE_CITY, area)
    known = [item for item in world.news if item.area in here]
    published = [item for item in known if item.second < later] or known[:1]
    traffic = [
        bulletin.text
        for bulletin in world.bulletins
        if bulletin.start < later
        and (bulletin.end is None or bulletin.end > second)
        and bulletin.area in here
    ]
    texts = {
        "news": " ".join(item.text for item in published[-2:]),
        "weather": world.weather[second // HOUR].text,
        "traffic": " ".join(traffic),
    }
    return to_json(texts)[1:-1]


def ride_before(number: int, options: Options) -> int:
    """Return the number of the ride after which a bad record stands; they are spread evenly."""
    return max((number + 1) * options.rides // (options.bad_records + 1) - 1, 0)


def bad_numbers(first: int, last: int, options: Options) -> range:
    """Return which bad records stand after the rides from `first` up to, not including, `last`."""

    def before(ride: int) -> int:
        number = max(ride * (options.bad_records + 1) // options.rides - 2, 0)
        while number < options.bad_records and ride_before(number, options) < ride:
            number += 1
        return number

    return range(before(first), before(last))


def spoil(record: dict[str, object], new_id: str, kind: str) -> dict[str, object] | str:
    """Return a record that cannot be used.

    Parameters
    ----------
    record : dict
        A sound record.
    new_id : str
        An id that no ride has.
    kind : str
        One of the `BAD_KINDS`.

    Returns
    -------
    dict or str
        The record with one fault, or a text that is no record at all.
    """
    if kind == "no object":
        return "ride lost in transfer"
    if kind == "repeated id":
        return {**record, "ride_dist": 3.7, "ride_time": 0.4321}
    if kind == "missing distance":
        del record["ride_dist"]
        return {**record, "ride_id": new_id}
    faults: dict[str, dict[str, object]] = {
        "null id": {"ride_id": None},
        "distance as a word": {"ride_id": new_id, "ride_dist": "unknown"},
        "negative distance": {"ride_id": new_id, "ride_dist": -2.4},
        "time of zero": {"ride_id": new_id, "ride_time": 0.0},
        "impossible distance": {"ride_id": new_id, "ride_dist": 5000.0},
    }
    return {**record, **faults[kind]}


# A day --------------------------------------------------------------------------------------------


def write_day(options: Options) -> list[Path]:
    """Write a simulated day into the lake, and its truth file.

    The files of all of it appear together, when the last ride is written.

    Parameters
    ----------
    options : Options
        What to write.

    Returns
    -------
    list of Path
        The files written.
    """
    world = make_world(options.day, options.seed)
    anomalies = anomalies_of_a_day(options.rides, options.anomaly_share)
    model = RideModel(world, options.seed, options.rides, anomalies)
    lines = RideLines(world, options)
    for folder in (options.lake, options.truth):
        folder.mkdir(parents=True, exist_ok=True)
    truth = JsonFile(options.truth / f"truth-{options.day_name}.json")
    ride_files = [lake_file(name, options) for name in ride_file_names(options)]
    side_files = {} if options.is_historical else side_records(world, options)

    def batches() -> Iterator[list[str]]:
        for rides in model.chunks():
            truth.write(lines.truth(rides))
            yield lines.records(rides)

    written = [*ride_files, *side_files, truth]
    with published_together(written):
        for file, records in side_files.items():
            file.write(records)
        write_evenly(batches(), ride_files, options.records)
    remove_other_forms(options, written)
    return [file.path for file in written]


def lake_file(name: str, options: Options) -> JsonFile:
    """Return a file of the lake in the form that was asked for."""
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


# Command line -------------------------------------------------------------------------------------


class OneLineParser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong with an argument."""

    def error(self, message: str) -> NoReturn:
        """Exit with `message`."""
        self.exit(2, f"{COMMAND}: {message} (--help explains the options)\n")


def calendar_date(text: str) -> date:
    """Read a date of the form YYYYMMDD."""
    try:
        if not re.fullmatch(r"\d{8}", text):
            raise ValueError
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a date; write it as YYYYMMDD, for example 20230501"
        ) from None


def whole_number(text: str) -> int:
    """Read a whole number from 0."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0")
    return int(text)


def positive_number(text: str) -> int:
    """Read a whole number from 1."""
    number = whole_number(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def share(text: str) -> float:
    """Read a share from 0 to 0.5."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 0.5:
        raise argparse.ArgumentTypeError(f"'{text}' is not a share from 0 to 0.5")
    return number


def number_or_share(text: str) -> int | float:
    """Read a whole number, or a share from 0 to 0.5 written with a decimal point."""
    try:
        return share(text) if "." in text else whole_number(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is neither a whole number from 0 nor a share from 0.0 to 0.5"
        ) from None


def local_folder(text: str) -> Path:
    """Read the path of a folder."""
    if "://" in text:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a folder; write the day to a folder and copy it from there"
        )
    return Path(text)


def make_parser() -> OneLineParser:
    """Return the parser of the command line."""
    default = Options()
    parser = OneLineParser(
        prog=COMMAND,
        description="Write one simulated day of taxi rides in Glasgow into a lake, with the day's "
        "news, hourly weather and traffic bulletins. The same date, seed and number of rides give "
        "the same day; without options it is the embedded day. The day's files are replaced, "
        "whatever form they had; no other day is touched.",
    )
    add = parser.add_argument
    add(
        "--date",
        type=calendar_date,
        default=default.day,
        metavar="YYYYMMDD",
        help="the day, by Glasgow's clocks (default: 20230501)",
    )
    add(
        "--rides",
        type=positive_number,
        default=default.rides,
        metavar="N",
        help="usable rides, anomalies included; memory does not grow with them "
        f"(default: {default.rides})",
    )
    add(
        "--seed",
        type=whole_number,
        default=default.seed,
        metavar="N",
        help="whole number; another seed gives other rides, weather, traffic and news "
        f"(default: {default.seed})",
    )
    add(
        "--lake",
        type=local_folder,
        default=default.lake,
        metavar="FOLDER",
        help=f"where the lake's files go (default: {default.lake})",
    )
    add(
        "--truth",
        type=local_folder,
        default=default.truth,
        metavar="FOLDER",
        help="where truth-YYYYMMDD.json goes: ride_id and kind of the injected anomalies, the "
        f"kinds being {', '.join(KINDS)} (default: {default.truth})",
    )
    add(
        "--anomaly-share",
        type=share,
        metavar="SHARE",
        help="share of the rides that are anomalies, 0 to 0.5, the kinds in equal numbers "
        "(default: 0.005, but at least 8 rides, and a tenth of a day of under 80)",
    )
    add(
        "--bad-records",
        type=number_or_share,
        metavar="N|SHARE",
        help="records that cannot be used, on top of the rides: a whole number, or with a decimal "
        "point a share of the rides up to 0.5 (default: "
        f"{default.bad_records}, one of each kind: {', '.join(BAD_KINDS)}; no more than rides)",
    )
    add(
        "--format",
        choices=("array", "ndjson"),
        default="array",
        help="a JSON array, or newline-delimited JSON; one record per line in both "
        "(default: array)",
    )
    add("--gzip", action="store_true", help="compress the lake's files to .json.gz")
    add(
        "--parts",
        type=positive_number,
        default=default.parts,
        metavar="N",
        help="number of files for the rides, taxi-rides-YYYYMMDD-0001.json and so on (default: 1, "
        "without a number)",
    )
    add(
        "--historical",
        action="store_true",
        help="the historical format: texts of news, weather and traffic inline on every ride, no "
        "pickup times, no files beside the rides",
    )
    return parser


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; exit with one line if it makes no sense."""
    parser = make_parser()
    given = parser.parse_args(arguments)
    if given.bad_records is None:
        bad_records = min(Options.bad_records, given.rides)
    elif isinstance(given.bad_records, float):
        bad_records = round(given.bad_records * given.rides)
    else:
        bad_records = given.bad_records
    options = Options(
        day=given.date,
        rides=given.rides,
        seed=given.seed,
        lake=given.lake,
        truth=given.truth,
        bad_records=bad_records,
        anomaly_share=given.anomaly_share,
        is_ndjson=given.format == "ndjson",
        is_gzip=given.gzip,
        parts=given.parts,
        is_historical=given.historical,
    )
    if options.bad_records > options.rides:
        parser.error(f"argument --bad-records: {bad_records} are more than the {given.rides} rides")
    if options.parts > options.records:
        parser.error(f"argument --parts: {options.parts} parts for {options.records} records")
    if options.truth.resolve() == options.lake.resolve():
        parser.error("argument --truth: the truth file must not be in the lake; name a folder")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = read_options(arguments)
    try:
        written = write_day(options)
    except (OSError, ZoneInfoNotFoundError) as problem:
        print(f"{COMMAND}: nothing written: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{COMMAND}: interrupted, nothing written", file=sys.stderr)
        return 130
    anomalies = int(anomalies_of_a_day(options.rides, options.anomaly_share).sum())
    summary = (
        f"{options.day_name}: {options.rides} rides, {anomalies} of them anomalies, "
        f"and {options.bad_records} bad records"
    )
    print("\n  ".join([summary, *map(str, written)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
