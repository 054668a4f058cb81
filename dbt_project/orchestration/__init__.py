"""What Airflow runs. Only the DAGs import it, never a build."""
