"""Prefect flows that join sources, audio analysis, machine learning and the database: one folder a stage.

Tasks pass clips and tracks on as ids. A later run skips what an earlier task has committed.
"""
