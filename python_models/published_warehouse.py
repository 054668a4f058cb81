from dbt_project.publish import publish


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
    return publish(
        session.cursor(),
        database=dbt.config.get("marts_database"),
        schema=dbt.config.get("marts_schema"),
    )
