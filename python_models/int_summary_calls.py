from dbt_project.plugin.working_day import ride_date
from dbt_project.settings.environment import WarehouseSettings
from dbt_project.summaries.ledger import calls_of_day


def model(dbt, session):
    dbt.ref("int_context_summaries")  # this model makes the calls
    return calls_of_day(
        journal_file=WarehouseSettings.read().journal_file,
        ride_date=ride_date(),
    )
