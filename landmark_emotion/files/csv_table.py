"""Tables as CSV, whose text spreadsheets do not take for formulas."""

import csv
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

# What spreadsheets evaluate, such as =HYPERLINK(...) as the name of a file.
_FORMULA = ("=", "+", "-", "@", "\t")
_TEXT = "'"  # makes a spreadsheet take a cell as text


def csv_table(stream: TextIO, columns: Sequence[str]) -> Callable[[Mapping[str, Any]], object]:
    """Write the header of a table, and return what writes a row.

    A text that begins like a formula gets an apostrophe in front. Numbers stay as they are, also
    negative ones.
    """
    # Text streams translate the line ends for the platform.
    table = csv.DictWriter(stream, columns, lineterminator="\n")
    table.writeheader()

    def write(row: Mapping[str, Any]) -> None:
        table.writerow({name: _as_text(value) for name, value in row.items()})

    return write


def from_csv(cell: str) -> str:
    """Return the text of a cell as it was before `csv_table` wrote it."""
    return cell[1:] if cell.startswith(_TEXT) and cell[1:].startswith(_FORMULA) else cell


def _as_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = value.replace("\r", " ")  # not quoted by all versions of Python
    return _TEXT + value if value.startswith(_FORMULA) else value
