from dbt_project.plugin.report import write_report
from dbt_project.plugin.working_day import whole_day
from dbt_project.settings.environment import LakeSettings, WarehouseSettings


def model(dbt, session):
    # dbt builds and tests all models that are named here first.
    dbt.ref("weather_hours")
    dbt.ref("area_days")
    dbt.ref("incidents")
    dbt.ref("ride_verdicts")
    dbt.ref("verdict_precision")
    dbt.ref("stg_lake__traffic")
    dbt.ref("clustered_data")
    dbt.ref("clustered_summarized")
    lake = LakeSettings.read().lake_output_url.text
    return write_report(
        session.cursor(),
        schemas=dbt.config.get("schemas"),
        folders=[lake, WarehouseSettings.read().warehouse_dir],
        exports=lake,
        ride_date=whole_day("report").ride_date,
        city=dbt.config.get("city"),
        time_zone=dbt.config.get("time_zone"),
        eps=dbt.config.get("eps"),
    )
