from dbt_project.settings.environment import LanguageModelSettings, WarehouseSettings
from dbt_project.settings.ride_date import parse_ride_date
from dbt_project.settings.summaries import load_settings
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.ledger import summarise


def model(dbt, session):
    contexts = dbt.ref("int_summary_contexts")
    items = dbt.ref("int_context_items").join(contexts.project("context_id"), "context_id", "semi")
    return summarise(
        contexts=contexts.df(),
        circumstances=items.df(),
        ledger=dbt.ref("int_earlier_summaries").df(),
        settings=load_settings(dbt.config.get("settings_file")),
        journal_file=WarehouseSettings.read().journal_file,
        city=dbt.config.get("city"),
        time_zone=dbt.config.get("time_zone"),
        ride_date=parse_ride_date(dbt.config.get("ride_date")),
        endpoint=Endpoint.from_settings(LanguageModelSettings.read()),
    )
