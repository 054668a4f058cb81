"""Turn secrets in Airflow connections into environment variables of a build."""

from typing import Any

from airflow.sdk import Connection

from dbt_project.settings.environment import AirflowSettings


def secrets_of_connections() -> dict[str, str]:
    """Look up the connections that ``LAKE_CONNECTION`` and ``LLM_CONNECTION`` name.

    They are looked up when a task runs, and given only to its subprocess, so that no template
    contains them. Without a connection the environment stays as it is.
    """
    variables: dict[str, str] = {}
    settings = AirflowSettings.read()
    if settings.lake_connection:
        variables |= lake_secrets(settings.lake_connection)
    if settings.llm_connection:
        variables |= llm_secrets(settings.llm_connection)
    return variables


def lake_secrets(connection_id: str) -> dict[str, str]:
    """Return AWS's variables of an ``aws`` connection: its keys or its role's, endpoint, region."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

    Connection.get(connection_id)  # the hook itself would ignore a missing connection
    hook: AwsGenericHook[Any] = AwsGenericHook(aws_conn_id=connection_id, client_type="s3")
    keys = hook.get_credentials(region_name=hook.region_name)
    variables = {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
        "AWS_REGION": hook.region_name,
        "AWS_ENDPOINT_URL_S3": hook.conn_config.get_service_endpoint_url("s3"),
    }
    return {name: value for name, value in variables.items() if value}


def llm_secrets(connection_id: str) -> dict[str, str]:
    """Return key and base URL: password and host, as in Airflow's connection type ``openai``."""
    connection = Connection.get(connection_id)
    variables = {"OPENAI_API_KEY": connection.password, "OPENAI_BASE_URL": connection.host}
    return {name: value for name, value in variables.items() if value}
