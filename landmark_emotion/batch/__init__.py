"""Thousands of images and videos become one table; it can be broken off at any moment.

::

    folder --units--> files that are done together
                        |  local, cluster: workers take them, recovery: what workers die of
                        v
                      recognition: a unit becomes rows
                        |
                        v
    results --parts--> the rows of each unit, written as soon as they are there, whole or not at all
                        |
                        v
              table   all rows as one file

What has a part is not done again, so that a job which was broken off, or whose folder has changed a
little, only does what is missing. Workers read images and videos and give back rows; they need no
access to the results.
"""

from landmark_emotion.batch.run import Summary, run_batch
from landmark_emotion.batch.settings import Settings, make_settings
from landmark_emotion.batch.table import TABLES, Format

__all__ = ["TABLES", "Format", "Settings", "Summary", "make_settings", "run_batch"]
