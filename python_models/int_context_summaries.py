from dbt_project.endpoint import Endpoint
from dbt_project.environment import LanguageModelSettings, WarehouseSettings
from dbt_project.run_date import parse_run_date
from dbt_project.summaries import summarise
from dbt_project.summary_settings import load_settings


def model(dbt, session):
    return summarise(
        contexts=dbt.ref("int_anomalous_contexts").df(),
        ledger=dbt.ref("int_earlier_summaries").df(),
        settings=load_settings(dbt.config.get("settings_file")),
        journal_file=WarehouseSettings.read().journal_file,
        city=dbt.config.get("city"),
        ride_date=parse_run_date(dbt.config.get("ride_date")),
        endpoint=Endpoint.from_settings(LanguageModelSettings.read()),
    )
