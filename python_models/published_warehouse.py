from dbt_project.day_builds import staged_inputs
from dbt_project.environment import WarehouseSettings
from dbt_project.lakehouse.days import publish_day
from dbt_project.lakehouse.place import Lakehouse, schema_of
from dbt_project.lakehouse.tables import Schema
from dbt_project.publish import publish
from dbt_project.run_date import parse_run_date


def model(dbt, session):
    # Named, so that all of these and their tests come first.
    dbt.ref("rides")
    dbt.ref("anomalous_rides")
    dbt.ref("rejected_rides")
    dbt.ref("ride_contexts")
    dbt.ref("context_summaries")
    dbt.ref("daily_reports")
    dbt.ref("clustered_data")
    dbt.ref("clustered_summarized")
    dbt.ref("report")
    connection, inputs = session.cursor(), staged_inputs(session.cursor())
    marts = Schema(dbt.config.get("marts_database"), dbt.config.get("marts_schema"))
    run_date = parse_run_date(dbt.config.get("ride_date"))
    if dbt.config.get("is_lakehouse"):
        city = schema_of(dbt.config.get("city"))
        return publish_day(connection, Lakehouse.of_environment(), city, marts, run_date, inputs)
    return publish(
        connection,
        database=marts.database,
        schema=marts.name,
        run_date=run_date,
        inputs=inputs,
        publish_url=WarehouseSettings.read().publish_url,
    )
