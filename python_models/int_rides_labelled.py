from dbt_project.clustering.rides import label_rides


def model(dbt, session):
    rides = dbt.ref("int_rides_cleaned").order("record_number")
    columns = rides.project("record_number, ride_dist, ride_time").fetchnumpy()
    return label_rides(
        columns,
        features=dbt.config.get("clustering_features"),
        eps=dbt.config.get("eps"),
        min_samples=dbt.config.get("min_samples"),
        min_samples_share=dbt.config.get("min_samples_share"),
        scale=dbt.config.get("clustering_scale"),
    )
