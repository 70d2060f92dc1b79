"""Rows as tables of other programs: a pandas DataFrame, a Parquet file.

Neither pandas nor pyarrow belongs to the core; they come with the extra ``tables``.
"""

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landmark_emotion.errors import MissingPackageError
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.rows import COLUMNS, LANDMARK_COLUMNS, csv_row

if TYPE_CHECKING:
    import pandas as pd

_TEXT = frozenset({"source", "emotion", "calibration", "error"})
_WHOLE = frozenset({"frame", "face", "left", "top", "width", "height"})

ROWS_AT_ONCE = 4096  # rows of a Parquet file that are kept in memory


def to_dataframe(
    predictions: Iterable[Prediction], source: str = "", *, landmarks: bool = False
) -> "pd.DataFrame":
    """Make a table of predictions, a row a face and frame.

    Parameters
    ----------
    predictions : iterable of Prediction
        Of one source.
    source : str
        What to call it.
    landmarks : bool
        Whether to add the columns x_0, y_0 ... x_67, y_67.

    Returns
    -------
    pandas.DataFrame
        The columns of the CSV; missing where there is no value.

    Raises
    ------
    MissingPackageError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise _missing("pandas", error) from error
    rows = [csv_row(source, p.frame, p.time, p, landmarks=landmarks) for p in predictions]
    columns = _columns(landmarks)
    types = {name: "string" if name in _TEXT else "Float64" for name in columns}
    types |= dict.fromkeys(_WHOLE, "Int64")
    cleaned = ({name: _value(name, row[name]) for name in columns} for row in rows)
    return pd.DataFrame(list(cleaned), columns=list(columns)).astype(types)


class ParquetRows:
    """Writes rows into a Parquet file, a few thousand at a time.

    Parameters
    ----------
    path : Path
        The file.
    landmarks : bool
        Whether rows have landmarks.

    Raises
    ------
    MissingPackageError
        If pyarrow is not installed.
    """

    def __init__(self, path: Path, *, landmarks: bool = False) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise _missing("pyarrow", error) from error
        self._pa = pa
        self._schema = pa.schema(
            [
                (
                    name,
                    pa.string()
                    if name in _TEXT
                    else pa.int64()
                    if name in _WHOLE
                    else pa.float64(),
                )
                for name in _columns(landmarks)
            ]
        )
        self._writer = pq.ParquetWriter(str(path), self._schema)
        self._rows: list[dict[str, Any]] = []

    def append(self, row: dict[str, Any]) -> None:
        """Add a row from `records.csv_row`."""
        self._rows.append(row)
        if len(self._rows) >= ROWS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is left; without this the file cannot be read."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        columns = {
            name: [_value(name, row[name]) for row in self._rows] for name in self._schema.names
        }
        self._writer.write_table(self._pa.table(columns, schema=self._schema))
        self._rows.clear()


def check_parquet() -> None:
    """Find out before long work whether Parquet can be written.

    Raises
    ------
    MissingPackageError
        If pyarrow is not installed or cannot be loaded.
    """
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise _missing("pyarrow", error) from error


def _columns(landmarks: bool) -> Sequence[str]:
    return COLUMNS + LANDMARK_COLUMNS if landmarks else COLUMNS


def _value(name: str, value: Any) -> Any:
    """None instead of an empty text; bytes of odd file names that are no text become marks."""
    if value == "" and name != "source":
        return None
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _missing(package: str, error: ImportError) -> MissingPackageError:
    problem, remedy = "not installed", "pip install pandas pyarrow"
    if not isinstance(error, ModuleNotFoundError):  # such as a numpy that is too old for it
        problem, remedy = f"cannot be loaded ({error})", "pip install -U pandas pyarrow numpy"
    return MissingPackageError(f"{package}: {problem}; run '{remedy}' or choose another format")
