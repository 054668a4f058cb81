"""What Airflow runs: imported by the DAG alone, never by a build."""
