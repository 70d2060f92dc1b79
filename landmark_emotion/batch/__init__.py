"""Recognize thousands of images and videos into one table; safe to interrupt.

::

    folder --units--> groups of files
                        |  workers: processes on this machine or on a Dask cluster
                        v
                      recognition: a unit becomes rows
                        |
                        v
    results: the rows of each unit, saved as they come; finally one table of all rows

A later run recognizes only what is missing. Workers read the files and return rows; they need no
access to the results.
"""

from landmark_emotion.batch.results import TABLES, Format
from landmark_emotion.batch.run import Summary, run_batch
from landmark_emotion.batch.settings import Settings, make_settings

__all__ = ["TABLES", "Format", "Settings", "Summary", "make_settings", "run_batch"]
