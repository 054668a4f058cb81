from dbt_project.context_summaries import summarise_contexts
from dbt_project.summaries import load_settings


def model(dbt, session):
    return summarise_contexts(
        contexts=dbt.ref("int_anomalous_contexts").df(),
        ledger=dbt.ref("int_earlier_summaries").df(),
        settings=load_settings(),
        city=dbt.config.get("city"),
    )
