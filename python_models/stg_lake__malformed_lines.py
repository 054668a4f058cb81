from dbt_project.lake.lines import malformed_lines


def model(dbt, session):
    return malformed_lines(session, dbt.ref("stg_lake__ride_records"))
