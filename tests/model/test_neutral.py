import json
import os

import numpy as np
import pytest
from synthetic import table, template

from landmark_emotion.errors import ProfileError
from landmark_emotion.model.features import landmark_features
from landmark_emotion.model.neutral import (
    AUTO_FLOOR,
    AUTO_INTERVAL,
    AUTO_MEMORY,
    AUTO_READY,
    AutomaticNeutral,
    NeutralReference,
    automatic_reference,
    load_profile,
    own_neutrals,
    reference_from,
)


def test_a_profile_keeps_the_reference_and_no_picture(tmp_path):
    reference = reference_from(template()[np.newaxis] + np.arange(3)[:, None, None])
    reference.save(tmp_path / "anna.json")
    loaded = load_profile(tmp_path / "anna.json")
    np.testing.assert_array_equal(loaded.features, reference.features)
    assert loaded.n == 3
    assert set(json.loads((tmp_path / "anna.json").read_text())) == {
        "format",
        "version",
        "n",
        "features",
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"format": "x", "version": 1, "n": 1, "features": []}',
        b'{"format": "landmark-emotion profile", "version": 1, "n": 1, "features": [1, 2]}',
        b'{"format": "landmark-emotion profile", "version": 1, "n": 1, "features": '
        + json.dumps([float("nan")] * 136).encode()
        + b"}",
        b'{"format": "landmark-emotion profile", "version": 2, "n": 1, "features": '
        + json.dumps([0.0] * 136).encode()
        + b"}",
        b"[" * 100_000,
        *(
            b'{"format": "landmark-emotion profile", "version": 1, "n": %b, "features": ' % n
            + json.dumps([0.0] * 136).encode()
            + b"}"
            for n in (b"0", b"-1", b'"7"', b"true", b"1.9", b"1" + b"0" * 300)
        ),
    ],
)
def test_a_broken_profile_gets_one_line(tmp_path, content):
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(ProfileError, match=r"^[^\n]*p\.json: [^\n]+; [^\n]+$"):
        load_profile(path)
    with pytest.raises(ProfileError, match="no such profile"):
        load_profile(tmp_path / "nobody.json")


def test_a_sample_is_never_its_own_reference():
    faces = table(n_subjects=3)
    features = landmark_features(faces.landmarks)
    sequences = np.arange(len(faces)) // 2
    references, counts = own_neutrals(features, faces.emotion, faces.subject, sequences)
    neutral = faces.emotion == "neutral"
    for index in range(len(faces)):
        others = (faces.subject == faces.subject[index]) & neutral
        others[index] = False
        np.testing.assert_allclose(references[index], features[others].mean(axis=0))
        assert counts[index] == len(set(sequences[others].tolist()))


def test_who_has_no_other_neutral_face_has_no_reference():
    features = landmark_features(table().landmarks[:4])
    references, counts = own_neutrals(
        features, ["neutral", "anger", "anger", "neutral"], ["a", "a", "b", ""], range(4)
    )
    assert counts.tolist() == [0, 1, 0, 0]
    assert np.isnan(references[:, 0]).tolist() == [True, False, True, True]


def test_the_automatic_reference_is_near_the_usual_face_despite_passing_smiles():
    rng = np.random.default_rng(0)
    own = landmark_features(template()) + rng.normal(0, 0.05, 136)
    smile = rng.normal(0, 0.1, 136)
    automatic = AutomaticNeutral()
    for frame in range(300):  # ten seconds at 30 frames a second, smiling for three of them
        smiling = 120 <= frame < 210
        face = own + rng.normal(0, 0.005, 136) + (smile if smiling else 0)
        reference = automatic.update(face, 0.1 if smiling else 0.9, frame / 30)
    assert reference.automatic
    assert np.abs(reference.features - own).mean() < 0.15 * np.abs(smile).mean()


def test_a_picture_counts_more_the_more_neutral_it_looks():
    faces = np.repeat([[0.0], [1.0], [2.0]], 136, axis=1)
    reference = automatic_reference(faces, np.array([0.9, 0.1, 0.1]))
    np.testing.assert_allclose(reference.features, (0.3 * 1 + 0.3 * 2) / 1.7)
    assert reference.n == pytest.approx(1.7)
    # Pictures none of which looks neutral count the same.
    np.testing.assert_allclose(automatic_reference(faces, np.zeros(3)).features, 1.0)


def test_the_running_estimate_counts_seconds_and_forgets_after_a_minute():
    automatic = AutomaticNeutral()
    times = np.arange(0, 65, AUTO_INTERVAL)
    references = [automatic.update(np.full(136, float(time < 5)), 0.9, time) for time in times]
    known = [reference for reference in references if reference is not None]
    assert len(references) - len(known) == round(AUTO_READY / AUTO_INTERVAL) - 1
    assert known[0].n == pytest.approx(AUTO_READY * (0.9 + AUTO_FLOOR))
    assert known[-1].n == pytest.approx(AUTO_MEMORY * (0.9 + AUTO_FLOOR))
    np.testing.assert_array_equal(known[0].features, 1.0)
    np.testing.assert_array_equal(known[-1].features, 0.0)


def test_the_running_estimate_does_not_hang_on_the_frame_rate():
    automatic = AutomaticNeutral()
    seen = [automatic.update(np.ones(136), 0.9, frame / 1000) for frame in range(900)]
    assert seen.count(None) == 800  # the fifth face is the one of the last fifth of a second


def test_no_face_makes_no_reference():
    with pytest.raises(ValueError, match="must have shape"):
        reference_from(np.zeros((0, 68, 2)))
    assert isinstance(reference_from(template()[np.newaxis]), NeutralReference)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_nobody_waits_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "p.json")
    with pytest.raises(ProfileError, match="not a regular file"):
        load_profile(tmp_path / "p.json")
