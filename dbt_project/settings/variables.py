"""What may be set in `dbt_project.yml` under `vars`, or for one build in `--vars`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from dbt_project.errors import UserError
from dbt_project.settings.environment import PROJECT, of_project

PROJECT_FILE = PROJECT / "dbt_project.yml"

# Say where a build gets its input from, and have checks of their own.
NOT_PROJECT_VARIABLES = ("date", "summaries_file")


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:
        raise ValueError("expected a time zone such as Europe/London") from error
    return name


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("expected a text on one line")
    return text


Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_printable),
]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]


class Variables(BaseModel):
    """What concerns the content of a day: meanings and limits; the values are in the file."""

    # strict, because models get what was given, and not what it might be taken for: "0.3" is a text
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    city: Text = Field(description="The city's name, as prompts and reports call it.")
    time_zone: TimeZone = Field(
        description="Time zone of the day's limits and of times without an offset."
    )
    max_ride_miles: float = Field(gt=0, description="A longer ride is rejected, miles.")
    max_ride_hours: float = Field(gt=0, description="A ride of more time is rejected, hours.")
    warn_rejected_share: Share = Field(
        description="With a larger share of rejected records the day's report warns."
    )
    max_rejected_share: Share = Field(
        description="With a larger share of rejected records the build stops."
    )
    fewest_rides_share: float = Field(
        ge=0, description="With fewer rides than this share of the usual number the report warns."
    )
    most_rides_share: float = Field(
        gt=0, description="With more rides than this share of the usual number the report warns."
    )
    usual_days: int = Field(
        ge=1, description="What is usual is the median of so many days before, of those with rides."
    )
    min_usual_days: int = Field(
        ge=1, description="So many of these days must have been built, or nothing is usual yet."
    )
    effect_days: int = Field(
        ge=2,
        le=3650,
        description="Rides with and without a kind of circumstance are compared, and verdicts "
        "counted, over so many days.",
    )
    min_effect_days: int = Field(
        ge=2,
        description="With fewer days with it, or without it, they are too few to say.",
    )
    context_minutes: int = Field(
        ge=1,
        le=1440,
        description="Rides that touch the same periods of this length share their circumstances.",
    )
    news_minutes: int = Field(
        ge=1,
        le=1440,
        description="So long a headline is among the circumstances of rides, minutes.",
    )
    clustering_features: list[Literal["ride_dist", "ride_time"]] = Field(
        min_length=1, max_length=2, description="What rides are compared by; never speed."
    )
    clustering_scale: Literal["standard", "log"] = Field(
        description="Whether they are compared as they are, or by the logarithms of distance plus "
        "0.1 mile and time plus 1 minute; with `log` an `eps` of 0.4 is recommended."
    )
    eps: float = Field(
        gt=0, le=1e6, description="DBSCAN's largest distance of neighbours, standard deviations."
    )
    min_samples: int = Field(ge=1, description="DBSCAN's least number of neighbours.")
    min_samples_share: Share = Field(
        description="The same as a share of the day's rides; the larger of the two holds."
    )
    hardly_moved_miles: float = Field(
        ge=0, description="An anomalous ride of less distance hardly moved, miles."
    )
    long_ride_quantile: Share = Field(
        description="A distance or time above this quantile of the day's normal rides is long."
    )
    severity_clear: float = Field(
        ge=0,
        description="So far beyond `eps` an anomalous ride is `clear`, standard deviations; nearer "
        "it is `just outside`.",
    )
    severity_extreme: float = Field(
        ge=0, description="So far beyond `eps` it is `extreme`, standard deviations."
    )
    impossible_mph: float = Field(
        gt=0, description="An anomalous ride with a higher average speed is a fault, mph."
    )
    slow_times: float = Field(
        ge=1, description="A ride of so many times the expected minutes is slow."
    )
    hardly_moving_mph: float = Field(
        ge=0, description="A slow ride with a lower average speed hardly moved, mph."
    )
    longest_delay_hours: float = Field(
        ge=0, description="A longer ride was not only delayed, hours."
    )
    slowed_times: float = Field(
        ge=1,
        description="Weather and roadworks make no ride take more times the expected minutes.",
    )
    min_rides: int = Field(
        ge=0, description="A day with fewer rides is too small to judge, and its report says so."
    )
    max_anomalous_share: Share = Field(
        description="A day with a larger share of anomalous rides is too sparse to judge."
    )

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        for low, high in (
            ("warn_rejected_share", "max_rejected_share"),
            ("fewest_rides_share", "most_rides_share"),
            ("min_usual_days", "usual_days"),
            ("min_effect_days", "effect_days"),
            ("severity_clear", "severity_extreme"),
            ("hardly_moving_mph", "impossible_mph"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"expected {low} not to be above {high}")
        return self


def load_variables(
    given: Mapping[str, object], project_file: str | os.PathLike[str] | None = None
) -> Variables:
    """Read the variables of a build and check them.

    Parameters
    ----------
    given
        What `--vars` says; it stands before the file.
    project_file
        That of the project by default.

    Raises
    ------
    UserError
        In one line that names the variable, says what was expected and what was found.
    """
    project_file = project_file or of_project(PROJECT_FILE.name)
    in_file = yaml.safe_load(Path(project_file).read_text(encoding="utf-8"))["vars"]
    values = {**in_file, **given}
    for name in NOT_PROJECT_VARIABLES:
        values.pop(name, None)
    try:
        return Variables.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        raise UserError(f"there is no variable {name}: docs/configuration.md lists all of them")
    if not name:
        raise UserError(f"variables of the build: {message}")
    place = "--vars" if name in given else project_file
    found = " ".join(repr(first["input"]).split())[:60]
    raise UserError(f"{name} in {place}: {message}, found {found}")
