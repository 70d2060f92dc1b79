"""Rows as a pandas DataFrame or a Parquet file; the extra ``tables`` installs both packages."""

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landmark_emotion.emotions import EMOTIONS
from landmark_emotion.errors import MissingPackageError
from landmark_emotion.live.prediction import Prediction
from landmark_emotion.show.rows import column_types, columns, flat_row, json_row

if TYPE_CHECKING:
    import pandas as pd

ROWS_AT_ONCE = 4096  # kept in memory before they are written to a Parquet file


def to_dataframe(
    predictions: Iterable[Prediction],
    source: str = "",
    *,
    person: str = "",
    landmarks: bool = False,
) -> "pd.DataFrame":
    """Convert predictions to a DataFrame with one row per prediction.

    Parameters
    ----------
    predictions : iterable of Prediction
        Predictions for one source, by one model.
    source : str
        Name of the source.
    person : str
        Whose source it is, if that is known.
    landmarks : bool
        Whether to add the columns x_0, y_0, ..., x_67, y_67.

    Returns
    -------
    pandas.DataFrame
        The columns of the CSV, with pandas' nullable types.

    Raises
    ------
    MissingPackageError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise _missing("pandas", error) from error
    predictions = list(predictions)
    emotions = predictions[0].emotions if predictions else EMOTIONS
    names, kinds = columns(landmarks, emotions), column_types(emotions)
    rows = [
        _flat(json_row(source, p.frame, p.time, p, person=person, landmarks=landmarks), names)
        for p in predictions
    ]
    nullable = {str: "string", int: "Int64", float: "Float64", bool: "boolean"}
    types = {name: nullable[kinds.get(name, float)] for name in names}
    return pd.DataFrame(rows, columns=list(names)).astype(types)


class ParquetRows:
    """Writes rows to a Parquet file, which is complete only after `close`.

    Raises
    ------
    MissingPackageError
        If pyarrow is not installed or cannot be loaded.
    """

    def __init__(
        self, path: Path, *, landmarks: bool = False, emotions: Sequence[str] = EMOTIONS
    ) -> None:
        check_parquet()
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
        self._names, kinds = columns(landmarks, emotions), column_types(emotions)
        self._schema = pa.schema([(name, types[kinds.get(name, float)]) for name in self._names])
        self._make_table = pa.Table.from_pylist
        self._writer = pq.ParquetWriter(str(path), self._schema)
        self._rows: list[dict[str, Any]] = []

    def append(self, row: dict[str, Any]) -> None:
        """Add a row of `rows.json_row`."""
        self._rows.append(_flat(row, self._names))
        if len(self._rows) >= ROWS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write the remaining rows and the end of the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(self._make_table(self._rows, schema=self._schema))
        self._rows.clear()


def check_parquet() -> None:
    """Raise a `MissingPackageError`, before long work, if pyarrow is not usable."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise _missing("pyarrow", error) from error


def _flat(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Flatten a row, and replace what is not Unicode, such as bytes of an odd file name."""
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in flat_row(row, names).items()
    }


def _missing(package: str, error: ImportError) -> MissingPackageError:
    problem, remedy = "not installed", "pip install pandas pyarrow"
    if not isinstance(error, ModuleNotFoundError):  # such as a numpy that is too old
        problem, remedy = f"cannot be loaded ({error})", "pip install -U pandas pyarrow numpy"
    return MissingPackageError(f"{package}: {problem}; run '{remedy}' or choose another format")
