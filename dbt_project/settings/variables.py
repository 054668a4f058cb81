"""The variables of dbt: set in `dbt_project.yml` under `vars`, or for one build in `--vars`."""

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

# These say where a build gets its input, and are checked elsewhere.
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
    """The variables that decide what a day holds: meanings and limits. The values are in the file.

    They are strict, because models get each value as it was given: "0.3" is a text, no number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    city: Text = Field(description="The city's name, as prompts and reports call it.")
    time_zone: TimeZone = Field(description="Time zone of the day, and of times without an offset.")
    max_ride_miles: float = Field(gt=0, description="Miles. A longer ride is rejected.")
    max_ride_hours: float = Field(gt=0, description="Hours. A ride that took longer is rejected.")
    warn_rejected_share: Share = Field(
        description="If a larger share of records is rejected, the day's report warns."
    )
    max_rejected_share: Share = Field(
        description="If a larger share of records is rejected, the build stops."
    )
    fewest_rides_share: float = Field(
        ge=0,
        description="If a day has fewer rides than this share of the usual number, its report "
        "warns.",
    )
    most_rides_share: float = Field(
        gt=0,
        description="If a day has more rides than this share of the usual number, its report "
        "warns.",
    )
    usual_days: int = Field(
        ge=1,
        description="The usual number is the median of this many days before; days without rides "
        "do not count.",
    )
    min_usual_days: int = Field(
        ge=1,
        description="At least this many of these days must be built before there is a usual "
        "number.",
    )
    effect_days: int = Field(
        ge=2,
        le=3650,
        description="The number of days over which rides with a category of circumstances are "
        "compared with rides without it, and verdicts are counted.",
    )
    min_effect_days: int = Field(
        ge=2,
        description="The comparison needs at least this many days with the category, and as many "
        "without it.",
    )
    context_minutes: int = Field(
        ge=1,
        le=1440,
        description="Minutes. The day is divided into periods of this length; rides that touch the "
        "same periods share their circumstances.",
    )
    news_minutes: int = Field(
        ge=1,
        le=1440,
        description="Minutes. A headline counts as a circumstance for this long.",
    )
    clustering_features: list[Literal["ride_dist", "ride_time"]] = Field(
        min_length=1,
        max_length=2,
        description="The features by which rides are compared; never speed.",
    )
    clustering_scale: Literal["standard", "log"] = Field(
        description="`standard` compares distance and time as they are. `log` compares the "
        "logarithms of distance + 0.1 mile and time + 1 minute; set `eps` to 0.4 with it."
    )
    eps: float = Field(
        gt=0,
        le=1e6,
        description="Standard deviations. DBSCAN's largest distance between neighbours.",
    )
    min_samples: int = Field(ge=1, description="DBSCAN's smallest number of neighbours.")
    min_samples_share: Share = Field(
        description="The same as a share of the day's rides. The larger of the two counts."
    )
    hardly_moved_miles: float = Field(
        ge=0, description="Miles. An anomalous ride of a shorter distance hardly moved."
    )
    long_ride_quantile: Share = Field(
        description="A distance or time above this quantile of the day's normal rides is long."
    )
    severity_clear: float = Field(
        ge=0,
        description="Standard deviations. An anomalous ride that lies this far beyond `eps` is "
        "`clear`; a nearer one is `just outside`.",
    )
    severity_extreme: float = Field(
        ge=0,
        description="Standard deviations. An anomalous ride that lies this far beyond `eps` is "
        "`extreme`.",
    )
    impossible_mph: float = Field(
        gt=0,
        description="Miles per hour. An anomalous ride with a higher average speed is a fault.",
    )
    slow_times: float = Field(
        ge=1, description="A ride that took this many times its expected minutes is slow."
    )
    hardly_moving_mph: float = Field(
        ge=0, description="Miles per hour. A slow ride with a lower average speed hardly moved."
    )
    longest_delay_hours: float = Field(
        ge=0, description="Hours. A ride that took longer was not only delayed."
    )
    slowed_times: float = Field(
        ge=1,
        description="Weather and roadworks explain a delay only up to this many times the expected "
        "minutes.",
    )
    min_rides: int = Field(
        ge=0,
        description="A day with fewer rides is too small to judge, and its report says so.",
    )
    max_anomalous_share: Share = Field(
        description="A day with a larger share of anomalous rides is too sparse to judge, and its "
        "report says so."
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
        The variables of `--vars`. They override those of the file.
    project_file
        The project's own `dbt_project.yml` by default.

    Raises
    ------
    UserError
        One line that names the variable, and says what was expected and what was found.
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
