"""What several stages need of Prefect."""
