"""The DAGs of the lakehouse: mapped over cities, by their clocks, and a whole run of two cities."""

import datetime

from support.airflow_process import Airflow
from support.mail_server import Mailbox, mail_server
from support.workplace import Workplace

from dbt_project.lakehouse.place import Lakehouse

CITIES = "Glasgow=Europe/London, L'Aquila=Europe/Rome, Leith=Europe/London"
RENDER = """
from types import SimpleNamespace

def render(dag, task_id, city=None, *, params={}, **moments):
    names = ("logical_date", "run_after", "data_interval_start")
    run = SimpleNamespace(**{
        name: datetime.datetime.fromisoformat(moments[name]) if name in moments else None
        for name in names
    })
    task = dag.task_dict[task_id].prepare_for_execution()
    task.city = city  # what the task of this map index gets
    context = {"dag_run": run, "task": task, "params": {**dag.params.dump(), **params},
               **(dag.user_defined_macros or {})}
    fields = [name for name in task.template_fields if name in ("command", "places", "filepath")]
    return [task.render_template(getattr(task, name), context, dag.get_template_env())
            for name in fields]
"""


def test_there_is_a_daily_dag_for_each_time_zone_one_of_months_and_one_of_upkeep(
    airflow: Airflow,
) -> None:
    told, _ = airflow.run(
        """
daily, months = bag.dags["etml_lakehouse"], bag.dags["etml_lakehouse_months"]
tell({
    "dags": sorted(bag.dags),
    "order": {task.task_id: sorted(task.downstream_task_ids) for task in daily.tasks},
    "mapped": sorted({type(group).__name__ for task in daily.tasks
                      for group in task.iter_mapped_task_groups()}),
    "named": [getattr(task, "map_index_template", None) for task in daily.tasks[1:]],
    "one run at a time": [dag.max_active_runs == 1 and not dag.catchup
                          for dag in bag.dags.values()],
    "schedules": [[dag.timetable.expression, str(dag.timetable.timezone)]
                  for _, dag in sorted(bag.dags.items())],
    "retries": sorted({task.retries for dag in bag.dags.values() for task in dag.tasks}),
    "tells of failures": all(task.on_failure_callback for dag in bag.dags.values()
                             for task in dag.tasks),
    "deadlines": [len(dag.deadline or []) for _, dag in sorted(bag.dags.items())],
    "documented": all(dag.doc_md for dag in bag.dags.values())
                  and all(task.doc_md for dag in bag.dags.values() for task in dag.tasks),
    "deferred": [daily.task_dict["city.wait_for_rides"].deferrable],
    "params": [sorted(daily.params), sorted(months.params)],
    "cities of a run": [daily.task_dict["cities"].python_callable({"cities": chosen})
                        for chosen in ([], ["Leith"])],
})
""",
        LAKE_URL="s3://rides",
        CITIES=CITIES,
        SMTP_HOST="mail.example.com",
        LAKEHOUSE_CATALOG="postgres:host=catalog dbname=lakehouse",
        LAKEHOUSE_DATA_URL="s3://lakehouse",
    )
    assert told == {
        "dags": [
            "etml_lakehouse",
            "etml_lakehouse_europe_rome",
            "etml_lakehouse_months",
            "etml_lakehouse_upkeep",
        ],
        "order": {
            "cities": ["city.build", "city.send_report", "city.wait_for_rides"],
            "city.wait_for_rides": ["city.build"],
            "city.build": ["city.send_report"],
            "city.send_report": [],
        },
        "mapped": ["MappedTaskGroup"],
        "named": ["{{ task.city }}"] * 3,
        "one run at a time": [True] * 4,
        "schedules": [
            ["0 6 * * *", "Europe/London"],
            ["0 6 * * *", "Europe/Rome"],
            ["0 18 2 * *", "UTC"],
            ["0 12 * * 0", "UTC"],
        ],
        "retries": [3],
        "tells of failures": True,
        "deadlines": [1, 1, 0, 0],
        "documented": True,
        "deferred": [True],
        "params": [["cities", "date", "full_refresh"], ["cities", "month"]],
        "cities of a run": [["Glasgow", "Leith"], ["Leith"]],
    }


def test_commands_name_the_city_its_day_by_its_clocks_and_its_places(airflow: Airflow) -> None:
    told, _ = airflow.run(
        RENDER
        + """
daily, months = bag.dags["etml_lakehouse_europe_rome"], bag.dags["etml_lakehouse_months"]
morning = {"logical_date": "2023-05-02T04:00Z"}
tell([
    render(daily, "city.build", "L'Aquila", **morning),
    render(daily, "city.wait_for_rides", "L'Aquila", **morning),
    render(daily, "city.build", "L'Aquila", params={"date": "20160219", "full_refresh": True}),
    render(months, "city.build_month", "Leith", data_interval_start="2024-02-02T18:00Z"),
    render(months, "city.build_month", "Leith", params={"month": "2023-05"}),
    render(months, "city.build_month", "Leith", run_after="2023-01-15T09:00Z"),
    render(bag.dags["etml_lakehouse_upkeep"], "upkeep"),
])
""",
        LAKE_URL="/data/lake",
        LAKE_OUTPUT_URL="/data/results",
        WAREHOUSE_DIR="/disk-of-this-worker",
        CITIES=CITIES,
        LAKEHOUSE_CATALOG="sqlite:/data/catalog.sqlite",
    )
    build, wait, by_hand, *months, upkeep = told
    assert " ".join(build[0].split()) == (
        """dbt build --vars '{"city": "L'"'"'Aquila", "time_zone": "Europe/Rome", """
        """"date": "20230501"}'"""
    )
    assert build[1] == {
        "LAKE_URL": "/data/lake/l-aquila",
        "LAKE_OUTPUT_URL": "/data/results/l-aquila",
        "WAREHOUSE_DIR": "/disk-of-this-worker/l-aquila",
        "WAREHOUSE_WAIT_SECONDS": "900",
    }
    assert wait == ["/data/lake/l-aquila/taxi-rides-20230501[-.]*"]
    assert '"date": "20160219"}\' --full-refresh' in by_hand[0]
    assert [" ".join(command.split()[:5]) for command, _ in months] == [
        f"python -m dbt_project.backfill {days}"
        for days in ("20240201 20240229", "20230501 20230531", "20221201 20221231")
    ]
    assert months[0][0].endswith("""--vars '{"city": "Leith", "time_zone": "Europe/London"}'""")
    assert upkeep == ["python -m dbt_project.lakehouse.upkeep --wait 900", {}]


def test_a_backfill_of_years_is_a_run_a_month_and_each_is_its_own_month(airflow: Airflow) -> None:
    told, _ = airflow.run(
        RENDER
        + """
import pendulum
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.timetables.base import TimeRestriction
months = bag.dags["etml_lakehouse_months"]
timetable = coerce_to_core_timetable(months.timetable)
infos, last = [], None
years = TimeRestriction(pendulum.datetime(2020, 1, 1), pendulum.datetime(2021, 12, 31), True)
while info := timetable.next_dagrun_info(last_automated_data_interval=last, restriction=years):
    infos.append(info)
    last = info.data_interval
tell([render(months, "city.build_month", "Glasgow",
             data_interval_start=info.data_interval.start.isoformat())[0].split()[3:5]
      for info in infos])
""",
        LAKEHOUSE_CATALOG="sqlite:/data/catalog.sqlite",
    )
    assert len(told) == 24
    assert told[:3] == [
        ["20200101", "20200131"],
        ["20200201", "20200229"],
        ["20200301", "20200331"],
    ]
    assert told[-1] == ["20211201", "20211231"]
    days = [datetime.datetime.strptime(day, "%Y%m%d") for month in told for day in month]
    assert all(
        following - last == datetime.timedelta(days=1)
        for last, following in zip(days[1:-1:2], days[2::2], strict=True)
    )


def test_reading_the_file_starts_nothing_and_opens_no_connection(airflow: Airflow) -> None:
    told, _ = airflow.run(
        "tell(sorted(bag.dags)[1:3])",
        CITIES="Lima=America/Lima, West=Etc/GMT+5, East=Etc/GMT-5",
        LAKEHOUSE_CATALOG="sqlite:/data/catalog.sqlite",
    )
    assert told == ["etml_lakehouse_etc_gmt_minus_5", "etml_lakehouse_etc_gmt_plus_5"]

    told, _ = airflow.run(
        """
import socket, subprocess, sys
def refuse(*arguments, **options):
    raise AssertionError("something was started while the file was read")
subprocess.Popen.__init__ = socket.socket.connect = socket.create_connection = refuse
again = BundleDagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="dags-folder")
tell([again.import_errors, sorted(again.dags),
      [name for name in ("dbt", "duckdb", "psycopg", "sklearn", "boto3") if name in sys.modules]])
""",
        LAKEHOUSE_CATALOG="sqlite:/data/catalog.sqlite",
    )
    assert told == [{}, ["etml_lakehouse", "etml_lakehouse_months", "etml_lakehouse_upkeep"], []]


def test_a_morning_builds_every_city_that_has_its_rides_and_names_the_one_that_has_not(
    airflow: Airflow, workplace: Workplace
) -> None:
    for city, rides in (("glasgow", "80"), ("leith", "60")):
        workplace.simulate("20230501", "--rides", rides, "--lake", str(workplace.lake / city))
    catalog = workplace.folder / "catalog.sqlite"
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        told, output = airflow.run(
            """
dag = bag.dags["etml_lakehouse"]
wait = dag.task_dict["city.wait_for_rides"]
wait.timeout = wait.poke_interval = 3
finished = run("20230501", dag)
from airflow.models.asset import AssetEvent
from airflow.utils.session import create_session
with create_session() as session:
    assets = sorted(event.uri for event in session.query(AssetEvent))
tell([assets, finished.state, sorted([ti.task_id, ti.rendered_map_index or ti.map_index, ti.state]
                             for ti in finished.get_task_instances())])
""",
            LAKE_URL=str(workplace.lake),
            WAREHOUSE_DIR=str(workplace.warehouse),
            CITIES="Glasgow=Europe/London, Perth=Europe/London, Leith=Europe/London",
            LAKEHOUSE_CATALOG=f"sqlite:{catalog}",
            LAKEHOUSE_DATA_URL=str(workplace.folder / "data"),
            SMTP_HOST="127.0.0.1",
            SMTP_PORT=port,
            REPORT_FROM="warehouse@example.com",
            REPORT_TO="manager@example.com",
        )
    assets, *told = told
    assert assets == [
        f"file://{workplace.lake}/{city}/{name}"
        for city in ("glasgow", "leith")
        for name in ("clustered_data", "clustered_summarized")
    ]
    assert told == [
        "failed",
        [
            ["cities", -1, "success"],
            ["city.build", "1", "upstream_failed"],
            ["city.build", "Glasgow", "success"],
            ["city.build", "Leith", "success"],
            ["city.send_report", "1", "upstream_failed"],
            ["city.send_report", "Glasgow", "success"],
            ["city.send_report", "Leith", "success"],
            ["city.wait_for_rides", "Glasgow", "success"],
            ["city.wait_for_rides", "Leith", "success"],
            ["city.wait_for_rides", "Perth", "failed"],
        ],
    ], output[-6000:]
    assert "etml_lakehouse: city.wait_for_rides of Perth failed in " in output
    lakehouse = Lakehouse.parse(f"sqlite:{catalog}", str(workplace.folder / "data"))
    days = []
    for city in ("glasgow", "leith"):
        with lakehouse.open(city) as connection:
            days += connection.execute(
                "SELECT ?, ride_date::varchar, rides FROM daily_reports", [city]
            ).fetchall()
    assert days == [("glasgow", "2023-05-01", 80), ("leith", "2023-05-01", 60)]
    assert sorted(message["Subject"].strip().partition(":")[0] for message in mailbox.received) == [
        "Taxi rides in Glasgow, Monday 1 May 2023",
        "Taxi rides in Leith, Monday 1 May 2023",
    ]
