"""What runs when: thin Prefect flows that join sources, sound, learning and the database.

Clips and tracks go from task to task as ids. What a task has committed, a run that comes later finds and leaves alone.
"""
