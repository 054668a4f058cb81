"""Write one simulated day of taxi rides in Glasgow, in the lake's own format.

``python -m dbt_project.simulate --help`` lists the options. The known anomalies go to a truth file
outside the lake, so that recall can be measured.
"""

import sys
from collections.abc import Sequence
from zoneinfo import ZoneInfoNotFoundError

from dbt_project.simulate.command_line import COMMAND, read_options
from dbt_project.simulate.day import write_day
from dbt_project.simulate.rides import anomalies_of_a_day


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
        + (f"; incidents planted: {options.incidents}" if options.incidents else "")
    )
    print("\n  ".join([summary, *map(str, written)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
