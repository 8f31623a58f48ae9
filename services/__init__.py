"""The embedded servers, PostgreSQL and Prefect: each runs for as long as a process uses it."""
