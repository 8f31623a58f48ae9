"""What runs when: thin Prefect flows that join sources, sound, learning and the database.

Rows carry ids between tasks, never arrays. A task is one transaction, and running it again changes nothing.
"""
