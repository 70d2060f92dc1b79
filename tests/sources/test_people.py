from pathlib import Path

import pytest

from landmark_emotion.errors import DatasetError
from landmark_emotion.sources.people import people_by_folder, read_people


@pytest.fixture
def read(here):
    """Write a CSV file beside a.jpg, b.jpg, sub/c.mp4 and neutral.jpg; read it."""
    (here / "sub").mkdir()
    names = ["a.jpg", "b.jpg", "sub/c.mp4"]
    for name in [*names, "neutral.jpg", "other.jpg"]:
        (here / name).touch()

    def read_lines(*lines, base=Path("elsewhere")):
        path = here / "people.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        said = []
        people = read_people(path, {name: here / name for name in names}, base, said.append)
        return people, said

    return read_lines


def test_people_and_their_neutral_faces(read, here):
    people, said = read(
        "Source;Person;Neutral",
        "a.jpg;Anna;neutral.jpg",
        "b.jpg;Ben;",
        "sub\\c.mp4;Cleo;1.5-1:03",
    )
    assert people.person_of == {"a.jpg": "Anna", "b.jpg": "Ben", "sub/c.mp4": "Cleo"}
    assert people.neutral["Anna"].path == here / "neutral.jpg"
    assert people.neutral["Anna"].interval is None
    assert people.neutral["Cleo"].path == here / "sub/c.mp4"
    assert people.neutral["Cleo"].interval == (1.5, 63)
    assert people.neutral.keys() == {"Anna", "Cleo"}
    assert not said


def test_sources_may_be_relative_to_the_folder_of_the_job(read, here):
    people, _ = read("source,person", "c.mp4,Cleo", base=here / "sub")
    assert people.person_of == {"sub/c.mp4": "Cleo"}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("gone.jpg,Anna,", "gone.jpg: no such file; "),
        (f"{'x' * 5000},Anna,", "no such file; "),
        ("neutral.jpg,Anna,", "neutral.jpg: is not among the files to read; "),
        ("b.jpg,,", "b.jpg: has no person; "),
        (",Anna,", "has no source; "),
        ("a.jpg,Anna,", "a.jpg: is listed twice; "),
        ("a.jpg,Ben,", "a.jpg: is of Anna by a line above; "),
        ("b.jpg,Ben,gone.jpg", "gone.jpg: no such file; "),
        ("b.jpg,Ben,3-1", "3-1: ends before it starts; "),
        ("b.jpg,Anna,other.jpg", "other.jpg: Anna has another neutral face by a line above; "),
    ],
)
def test_a_row_that_cannot_be_used_costs_a_line(read, line, complaint):
    people, said = read("source,person,neutral", "a.jpg,Anna,neutral.jpg", line, "sub/c.mp4,Cleo,")
    assert [complaint in text and ": line 3: " in text for text in said][:1] == [True]
    assert people.person_of["a.jpg"] == "Anna"
    assert people.person_of["sub/c.mp4"] == "Cleo"
    assert people.neutral["Anna"].path.name == "neutral.jpg"


def test_files_that_are_not_listed_are_counted(read):
    _, said = read("source,person", "a.jpg,Anna")
    assert said == [said[0]]
    assert "does not list 2 of 3 files" in said[0]


def test_a_file_without_the_columns_is_refused(read):
    with pytest.raises(DatasetError, match="has no column 'person'"):
        read("source,name", "a.jpg,Anna")


def test_each_folder_is_a_person():
    names = ["x/a/1.jpg", "x/a/2.jpg", "x/b/c/1.jpg", "x/3.jpg"]
    people = people_by_folder({name: Path("/photos", name) for name in names})
    assert list(people.person_of.values()) == ["a", "a", "b/c", "x"]
    assert people_by_folder({"1.jpg": Path("/photos/anna/1.jpg")}).person_of == {"1.jpg": "anna"}
    assert people_by_folder({}).person_of == {}
