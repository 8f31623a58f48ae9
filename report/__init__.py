"""The HTML report: rows of the database to one page about coverage, accuracy, trainings, sound and mixes."""
