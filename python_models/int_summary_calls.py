from dbt_project.settings.environment import WarehouseSettings
from dbt_project.settings.ride_date import parse_ride_date
from dbt_project.summaries.ledger import calls_of_day


def model(dbt, session):
    dbt.ref("int_context_summaries")  # makes the calls
    return calls_of_day(
        journal_file=WarehouseSettings.read().journal_file,
        ride_date=parse_ride_date(dbt.config.get("ride_date")),
    )
