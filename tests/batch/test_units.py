from landmark_emotion.batch.recognition import Part
from landmark_emotion.batch.results import Results
from landmark_emotion.batch.settings import make_settings
from landmark_emotion.batch.units import File, Unit, make_units


def file(name, size=1):
    return File(name, size, 0)


def test_a_new_image_changes_one_unit_only():
    files = [file(f"{number:04}.png") for number in range(2000)]
    files.insert(1000, file("0999.mp4"))
    before = make_units(files)
    assert sorted(f.name for unit in before for f in unit.files) == sorted(f.name for f in files)
    assert Unit((file("0999.mp4"),)) in before
    assert max(len(unit.files) for unit in before) <= 96
    assert 20 < len(before) < 150
    after = make_units([*files[:500], file("0499b.png"), *files[500:]])
    assert len(set(before) - set(after)) <= 2


def test_saved_rows_are_those_of_the_files_as_they_were(tmp_path, settings):
    saved = Results(tmp_path, settings)
    saved.save(Part(Unit((file("a.png"),)), b""))
    assert Unit((file("a.png"),)) in saved
    for other in (file("b.png"), file("a.png", size=2), File("a.png", 1, 7)):
        assert Unit((other,)) not in saved
    others = make_settings(settings.model, every=1)
    assert Unit((file("a.png"),)) not in Results(tmp_path, others)
