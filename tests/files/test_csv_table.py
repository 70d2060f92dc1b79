import csv
import io

import pytest

from landmark_emotion.files.csv_table import csv_table, from_csv


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x.mp4", "@SUM(1)", "\t=1", "-a\n=1"])
def test_no_text_is_a_formula_and_all_of_it_can_be_read_back(text):
    stream = io.StringIO()
    csv_table(stream, ["text", "number"])({"text": text, "number": -1.5})
    (row,) = csv.DictReader(io.StringIO(stream.getvalue(), newline=""))
    assert row == {"text": f"'{text}", "number": "-1.5"}
    assert from_csv(row["text"]) == text


@pytest.mark.parametrize("text", ["", "a=b", "'quoted'", "talk-1.mp4", 'a,"b"'])
def test_other_text_stays_as_it_is(text):
    stream = io.StringIO()
    csv_table(stream, ["text", "missing"])({"text": text, "missing": None})
    (row,) = csv.DictReader(io.StringIO(stream.getvalue()))
    assert row == {"text": text, "missing": ""}
    assert from_csv(text) == text


def test_a_carriage_return_does_not_begin_a_row():
    stream = io.StringIO()
    csv_table(stream, ["text"])({"text": "a\r=1"})
    assert stream.getvalue() == "text\na =1\n"
