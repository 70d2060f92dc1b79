"""Fit the shipped model and measure its scores: ``python -m benchmarks.ship_model DATA``.

DATA contains ``ckplus_peaks_and_neutrals_subpixel.npz`` and
``ckplus_last_three_frames_subpixel.npz`` in ``landmarks/``, and the London set with its
``manifest.csv`` in ``london/``. The same data give the same model, which is
written to ``models/default.npz``; the scores go to ``models/default.json``. Takes some minutes.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from landmark_emotion import __version__
from landmark_emotion.emotions import DEFAULT_EMOTIONS
from landmark_emotion.faces.detector import FaceDetector
from landmark_emotion.faces.predictor import find_predictor, predictor_digest
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.model.head import softmax
from landmark_emotion.sources.images import read_image
from landmark_emotion.training.evaluation import cross_validate, out_of_fold_votes
from landmark_emotion.training.fit import fit_model
from landmark_emotion.training.folds import inner_folds
from landmark_emotion.training.heads import fit_temperature
from landmark_emotion.training.landmark_table import LandmarkTable, load_table
from landmark_emotion.training.metrics import calibration_error, score
from landmark_emotion.training.recipe import Recipe
from landmark_emotion.training.training_set import TrainingSet, usable

MODELS = Path(__file__).resolve().parent.parent / "models"
LONDON_FOLDS = 7


def main():
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    data = parser.parse_args().data
    ckplus, frames = (
        usable(load_table(data / "landmarks" / name), DEFAULT_EMOTIONS)[0]
        for name in (
            "ckplus_peaks_and_neutrals_subpixel.npz",
            "ckplus_last_three_frames_subpixel.npz",
        )
    )
    london, people, undetected = measure_london(data / "london")
    recipe = Recipe()
    everything = TrainingSet.of(ckplus, frames, london)

    stranger = fit_model(TrainingSet.of(ckplus, frames), recipe)
    temperatures = choose_temperatures(everything, stranger, london, recipe)
    figures = {
        "recipe": "landmark_emotion.training.recipe.Recipe()",
        "temperatures": temperatures,
        "ckplus_people_not_in_training": brief(
            cross_validate(ckplus, (recipe,), more=(frames, london))
        ),
        "ckplus_alone_people_not_in_training": brief(cross_validate(ckplus, (recipe,))),
        "london_by_a_model_of_ckplus_alone": london_scores(
            [(stranger, np.arange(len(london)))], london, temperatures
        ),
    }
    folds = []
    subjects = np.unique(london.subject)
    for fold in range(LONDON_FOLDS):
        tested = np.isin(london.subject, subjects[fold::LONDON_FOLDS])
        model = fit_model(TrainingSet.of(ckplus, frames, london.take(~tested)), recipe)
        folds.append((model, np.flatnonzero(tested)))
    key = f"london_people_not_in_training_{LONDON_FOLDS}_folds"
    figures[key] = london_scores(folds, london, temperatures)
    figures["london_groups"] = by_group(folds, london, people, undetected)

    info = {
        "data": {"name": "CK+ landmarks and London photos", "drawn": False},
        "version": __version__,
        "counts": {e: int((ckplus.emotion == e).sum()) for e in DEFAULT_EMOTIONS},
        "predictor_sha256": predictor_digest(find_predictor().resolve()),
        "scores": {
            name: rounded({k: figures["ckplus_people_not_in_training"][name][k] for k in BRIEF})
            for name in ("static", "calibrated")
        },
    }
    model = fit_model(everything, recipe, temperatures=temperatures, info=info)
    model.save(MODELS / "default.npz")
    text = json.dumps(rounded(figures), indent=2) + "\n"
    replace_atomically(MODELS / "default.json", text.encode())
    print(text)


def rounded(value):
    """Round all numbers to four digits; further digits depend on the machine."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


BRIEF = (
    "n",
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "recall",
    "calibration_error",
    "log_loss",
    "accuracy_at_80_percent_coverage",
    "interval_95",
)


def brief(evaluations):
    """Shorten the evaluations to what the card tells."""
    return {
        name: {key: evaluation.scores[key] for key in BRIEF}
        for name, evaluation in zip(("static", "calibrated"), evaluations, strict=True)
    }


def measure_london(folder):
    """Return a table of five boxes per London photo, the people, and the photos without a face."""
    detector = FaceDetector()
    faces, rows, undetected = [], [], []
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        manifest = list(csv.DictReader(file))
    for row in manifest:
        found = detector.faces(read_image(folder / row["path"]), thorough=True, measured=True)
        if found:
            faces.append(found[0])
            rows.append(row)
        else:
            undetected.append(row)
    subject = np.array([f"London {row['subject']}" for row in rows])
    table = LandmarkTable(
        np.array([face.landmarks for face in faces]),
        np.array([row["emotion"] for row in rows]),
        subject,
        subject,
        np.array([row["path"] for row in rows]),
        measured=np.array([face.measured for face in faces]),
    )
    return table, {f"London {row['subject']}": row for row in manifest}, undetected


def choose_temperatures(everything, stranger, london, recipe):
    """Choose temperatures with equal weight for CK+ people and for people of another data set."""
    emotions = sorted(set(everything.emotion.tolist()))
    at_home = out_of_fold_votes(everything, inner_folds(everything, 0), recipe)
    abroad = TrainingSet.of(london)
    smiles = abroad.select(abroad.has_neutral)
    references = stranger.blend(smiles.neutral, smiles.n_neutral)
    away = [
        (stranger.votes(abroad.features), abroad.emotion),
        (stranger.votes(smiles.features, references), smiles.emotion),
    ]
    temperatures = []
    for home, (far, far_truth) in zip(at_home, away, strict=True):
        here = np.isfinite(home).all(axis=1)
        weight = np.concatenate(
            [np.full(here.sum(), 1 / here.sum()), np.full(len(far), 1 / len(far))]
        )
        votes = np.concatenate([home[here], far])
        truth = np.concatenate([everything.emotion[here], far_truth])
        temperatures.append(fit_temperature(votes, truth, emotions, weight))
    return tuple(temperatures)


def london_predictions(folds, london):
    """Predict each photo with the model of its fold; yield static and calibrated votes."""
    for model, tested in folds:
        photos = london.take(tested)
        samples = TrainingSet.of(photos)
        known = samples.has_neutral
        references = model.blend(samples.neutral[known], samples.n_neutral[known])
        yield (
            model,
            photos,
            model.votes(samples.features),
            known,
            model.votes(samples.features[known], references),
        )


def london_scores(folds, london, temperatures):
    """Score neutral and smiling photos."""
    truth, subject, votes, own_truth, own_votes = [], [], [], [], []
    for _, photos, static, known, calibrated in london_predictions(folds, london):
        truth.append(photos.emotion)
        subject.append(photos.subject)
        votes.append(static)
        own_truth.append(photos.emotion[known])
        own_votes.append(calibrated)
    emotions = np.array(DEFAULT_EMOTIONS)
    result = {}
    for name, labels, scores, temperature in (
        ("static", truth, votes, temperatures[0]),
        ("with_the_neutral_photo", own_truth, own_votes, temperatures[1]),
    ):
        labels = np.concatenate(labels)
        probabilities = softmax(np.concatenate(scores) / temperature)
        named = emotions[probabilities.argmax(axis=1)]
        confidence = probabilities.max(axis=1)
        result[name] = {
            **score(labels, named),
            "mean_confidence": float(confidence.mean()),
            "calibration_error": calibration_error(confidence, named == labels),
        }
    return result


def by_group(folds, london, people, undetected):
    """Count outcomes per gender, age band and ethnicity, with 95 % Wilson intervals."""
    outcomes = []
    for model, photos, static, known, calibrated in london_predictions(folds, london):
        named = np.array(model.emotions)[static.argmax(axis=1)]
        own = dict(
            zip(
                photos.source[known],
                np.array(model.emotions)[calibrated.argmax(axis=1)],
                strict=True,
            )
        )
        for photo, truth, who, label in zip(
            photos.source, photos.emotion, photos.subject, named, strict=True
        ):
            outcomes.append((people[who], truth, label, own.get(photo)))
    groups = {}
    for kind in ("gender", "age", "ethnicity"):
        for person in {group_of(kind, person) for person in people.values()}:
            here = [row for row in outcomes if group_of(kind, row[0]) == person]
            missed = [row for row in undetected if group_of(kind, row) == person]
            neutral = [row[2] == "neutral" for row in here if row[1] == "neutral"]
            smile = [row[2] == "happiness" for row in here if row[1] == "happiness"]
            own = [row[3] == "happiness" for row in here if row[1] == "happiness"]
            groups[f"{kind}: {person}"] = {
                "found": wilson([True] * len(here) + [False] * len(missed)),
                "neutral_kept": wilson(neutral),
                "smile_static": wilson(smile),
                "smile_with_neutral_photo": wilson(own),
            }
    return dict(sorted(groups.items()))


def group_of(kind, person):
    """Return the group of a person."""
    if kind != "age":
        return person[kind]
    if not person["age"].isdecimal():
        return "unknown"
    age = int(person["age"])
    return "18-24" if age < 25 else "25-34" if age < 35 else "35-47"


def wilson(outcomes):
    """Return count, share and 95 % interval (Wilson 1927)."""
    n, z = len(outcomes), 1.96
    if not n:
        return {"n": 0}
    p = sum(outcomes) / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {"n": n, "share": p, "interval_95": [float(middle - half), float(middle + half)]}


if __name__ == "__main__":
    main()
