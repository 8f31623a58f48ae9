"""Labelscope in Python, for notebooks and scripts: queries, predictions, mixes and similar tracks of a home.

>>> with labelscope.open("music") as home:
...     accuracy = home.sql("SELECT * FROM label_accuracy")
...     prediction = home.predict("white label.mp3")

Nothing is stored, and no Prefect server is started. Every failure that you can correct is a `LabelscopeError`, whose
text has the cure.
"""

from common.errors import LabelscopeError
from labelscope.home import Home, open
from labelscope.results import Mix, Prediction

__all__ = ["Home", "LabelscopeError", "Mix", "Prediction", "open"]
