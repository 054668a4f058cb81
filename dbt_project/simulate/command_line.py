"""The options of ``python -m dbt_project.simulate``."""

import argparse
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn

from dbt_project.simulate.options import BAD_KINDS, Options
from dbt_project.simulate.rides import DELAYED_BY_INCIDENT, INJECTED_KINDS, NATURALLY_UNUSUAL
from dbt_project.simulate.world import MOST_INCIDENTS

COMMAND = "python -m dbt_project.simulate"


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


def number_of_incidents(text: str) -> int:
    """Read a whole number from 0 to `MOST_INCIDENTS`."""
    number = whole_number(text)
    if number > MOST_INCIDENTS:
        raise argparse.ArgumentTypeError(f"{number} are more than a day has areas to spare for")
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
        f"kinds being {', '.join(INJECTED_KINDS)}, and of rides that nobody injected and that are "
        f"unusual all the same, {NATURALLY_UNUSUAL} (default: {default.truth})",
    )
    add(
        "--anomaly-share",
        type=share,
        metavar="SHARE",
        help="share of the rides that are anomalies, 0 to 0.5, the kinds in equal numbers "
        "(default: 0.005, but at least 8 rides, and a tenth of a day of under 80)",
    )
    add(
        "--incidents",
        type=number_of_incidents,
        default=default.incidents,
        metavar="N",
        help="closures and crowds to plant, 0 to "
        f"{MOST_INCIDENTS}: each is a traffic bulletin that delays about half of the rides of its "
        f"area and hours; the truth calls those {DELAYED_BY_INCIDENT} and lists the incidents in "
        "incidents-YYYYMMDD.json; the rest of the day is as without them "
        f"(default: {default.incidents})",
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
    """Read the command line. Exit with one line if it cannot be used."""
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
        incidents=given.incidents,
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
