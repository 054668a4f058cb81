from dbt_project.plugin.working_day import whole_day
from dbt_project.published import published_warehouse
from dbt_project.sql import Schema


def model(dbt, session):
    # dbt builds and tests all models that are named here first.
    dbt.ref("rides")
    dbt.ref("anomalous_rides")
    dbt.ref("rejected_rides")
    dbt.ref("ride_contexts")
    dbt.ref("ride_circumstances")
    dbt.ref("incidents")
    dbt.ref("weather_hours")
    dbt.ref("ride_verdicts")
    dbt.ref("rejected_verdicts")
    dbt.ref("verdict_precision")
    dbt.ref("circumstance_effects")
    dbt.ref("area_days")
    dbt.ref("context_summaries")
    dbt.ref("daily_reports")
    dbt.ref("clustered_data")
    dbt.ref("clustered_summarized")
    dbt.ref("report")
    day = whole_day("published_warehouse")
    published = published_warehouse(dbt.config.get("city"), dbt.config.get("is_lakehouse"))
    return published.publish(
        session.cursor(),
        marts=Schema(dbt.config.get("marts_database"), dbt.config.get("marts_schema")),
        ride_date=day.ride_date,
        inputs=day.inputs,
    )
