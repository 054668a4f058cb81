"""Query the published warehouse: with SQL, an analysis's name, or DuckDB's own command line.

``python -m dbt_project.query worst_rides`` runs ``analyses/worst_rides.sql``.
"""

import os
import shutil
import sys
from pathlib import Path

import duckdb
from jinja2 import Environment, StrictUndefined

from dbt_project.errors import UserError, in_one_line
from dbt_project.published import Published, published_warehouse
from dbt_project.settings.variables import load_variables

COMMAND = "python -m dbt_project.query"
ANALYSES = Path(__file__).parents[1] / "analyses"
WIDE = 240
LONGEST_TEXT = 50
OVERVIEW = "select * from daily_reports order by ride_date"


def main(arguments: list[str]) -> int:
    """Open the published warehouse read-only; return the exit status."""
    if len(arguments) > 1:
        print(f'usage: {COMMAND} ["{OVERVIEW}" | the name of an analysis]', file=sys.stderr)
        return 2
    with in_one_line():
        warehouse = published_warehouse()
        with warehouse.connect() as connection:
            if arguments:
                _answer(connection, query_of(arguments[0]))
                return 0
        return open_command_line(warehouse)


def query_of(argument: str) -> str:
    """Return the SQL to run: a query as it is, or the SQL of the analysis with that name.

    Raises
    ------
    UserError
        One line that lists the analyses, if none has that name.
    """
    if len(argument.split()) != 1:
        return argument
    file = ANALYSES / f"{argument}.sql"
    if not file.is_file():
        names = ", ".join(sorted(path.stem for path in ANALYSES.glob("*.sql")))
        raise UserError(f"there is no analysis {argument!r}: there are {names}")
    template = Environment(undefined=StrictUndefined).from_string(file.read_text(encoding="utf-8"))
    variables = load_variables({}).model_dump()
    return template.render(ref=lambda name: name, var=lambda name: variables[name])


def _answer(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    try:
        width = os.get_terminal_size().columns if sys.stdout.isatty() else WIDE
        connection.sql(query).show(max_width=width, max_rows=100, max_col_width=LONGEST_TEXT)
    except duckdb.Error as error:  # the text before the line of the query may be a hint
        raise UserError(" ".join(str(error).partition("\nLINE ")[0].split())) from None


def open_command_line(warehouse: Published) -> int:
    """Replace this process by DuckDB's command line, that of this environment first."""
    here = str(Path(sys.executable).parent)
    command_line = shutil.which("duckdb", path=os.pathsep.join([here, *os.get_exec_path()]))
    if not command_line:
        print(
            "DuckDB's command line is not installed (pip install duckdb-cli); "
            f'with a query there is no need of it: {COMMAND} "{OVERVIEW}"',
            file=sys.stderr,
        )
        return 1
    sys.stdout.flush()
    environment = {**os.environ, **warehouse.environment}
    os.execve(command_line, [command_line, *warehouse.arguments], environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
