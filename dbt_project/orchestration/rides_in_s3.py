"""The wait for a day's rides in S3: the triggerer looks, so that no worker is held."""

from typing import Any

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk.exceptions import AirflowSensorTimeout

from dbt_project.orchestration.wait_limit import is_named_day, limit_in_words


class RidesInS3(S3KeySensor):
    """Airflow's own sensor, with a message that says what it waited for."""

    template_fields = ("city", *S3KeySensor.template_fields)

    def __init__(self, *, city: Any, **options: Any) -> None:
        super().__init__(**options)
        self.city = city

    def execute(self, context: Any) -> None:
        if not is_named_day(context):
            super().execute(context)
            return
        with limit_in_words(str(self.bucket_key), seconds=0):
            if not self.poke(context):
                raise AirflowSensorTimeout

    def resume_execution(self, *arguments: Any, **options: Any) -> Any:
        with limit_in_words(str(self.bucket_key), self.timeout):
            return super().resume_execution(*arguments, **options)
