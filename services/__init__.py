"""The servers that come along: PostgreSQL and Prefect, there for as long as somebody uses them."""
