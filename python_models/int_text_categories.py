from dbt_project.summaries.categories import categorised


def model(dbt, session):
    return categorised(
        dbt.ref("int_item_texts").df(),
        city=dbt.config.get("city"),
        time_zone=dbt.config.get("time_zone"),
    )
