"""How landmarks and the network are weighed: ``python -m benchmarks.mixture DATA --fer TABLE``.

DATA is the folder that `benchmarks.ship_model` takes. TABLE is a landmark table of FER-2013
PublicTest that ``landmark-emotion extract`` wrote. With ``--train``, such a table of Training, and
``--distilled``, the network as `benchmarks.ship_network` wrote it, the network's head is fitted
anew, and London people are judged by heads that know none of them; the figures go to
``models/network.json``, and a network with a head fitted to all people to the file of ``--write``.
Takes some minutes.

Landmarks judge people of CK+ and London out of fold, and London also by a model of CK+ alone:
strangers before an unfamiliar camera. FER-2013 is unknown to them. There are no pictures of CK+, so
the network's scores are a stand-in there: those of one of the five PublicTest faces with the same
label whose landmarks are nearest. PublicTest took part in choices about the network.
"""

import argparse
import csv
import itertools
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks.ship_model import MODELS, group_of, rounded, wilson
from landmark_emotion.emotions import DEFAULT_EMOTIONS
from landmark_emotion.files.folders import user_folder
from landmark_emotion.files.writing import replace_atomically
from landmark_emotion.live.recognizer import Recognizer
from landmark_emotion.model.classifier import load_model, softmax
from landmark_emotion.model.features import landmark_features
from landmark_emotion.networks.head import linear_head, with_head
from landmark_emotion.networks.mixture import SHARE, SHARPNESS, evidence, landmark_share
from landmark_emotion.networks.network import default_network, load_network
from landmark_emotion.networks.onnx_file import parse
from landmark_emotion.training.fit import fit_model
from landmark_emotion.training.landmark_table import load_table
from landmark_emotion.training.loading import load_faces
from landmark_emotion.training.metrics import evaluate
from landmark_emotion.training.training_set import TrainingSet, usable

FOLDS = 6
NEAREST = 5  # faces that stand in for one of CK+
DRAWN_TO_ZERO = 0.002  # times the squared coefficients of the share
LONDON_WEIGHT = 10.0  # of a London face among those of FER-2013, for the head
DRAWN_TO_START = 0.03  # times the squared change of the head's standardized weights
TEMPERATURE = 0.8  # of the distilled head
ROUNDS = 2  # of each video
EVERY = 3  # face of Training that the head is fitted to

KEPT = ("n", "accuracy", "balanced_accuracy", "macro_f1", "recall", "log_loss", "interval_95")


@dataclass
class Part:
    """Faces with what landmarks and network say of them: votes, evidence for the share, scores."""

    name: str
    truth: np.ndarray
    subject: np.ndarray
    votes: np.ndarray
    evidence: np.ndarray
    scores: np.ndarray
    weight: float = 1.0

    @property
    def columns(self):
        """The true emotions as columns."""
        return np.searchsorted(DEFAULT_EMOTIONS, self.truth)

    def mixed(self, share, sharpness=SHARPNESS, network_sharpness=1.0):
        """Mix, with the share of the landmarks, (n,) or a number."""
        share = np.broadcast_to(share, len(self.truth))[:, None]
        network = softmax(network_sharpness * self.scores)
        return share * softmax(sharpness * self.votes) + (1 - share) * network

    def scored(self, probabilities):
        """Return the scores that the card tells."""
        found = evaluate("", DEFAULT_EMOTIONS, self.truth, self.subject, probabilities).scores
        del found["interval_95"]["recall"]
        return {name: found[name] for name in KEPT}


def main():
    """Measure, choose, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("data", type=Path, metavar="DATA")
    add("--fer", type=Path, required=True, metavar="TABLE")
    add("--train", type=Path, metavar="TABLE")
    add("--distilled", type=Path, metavar="NETWORK")
    add("--write", type=Path, metavar="FILE", help="the network with a head fitted to all")
    args = parser.parse_args()
    if (args.train is None) != (args.distilled is None):
        parser.error("--train and --distilled belong together")
    names = (
        "ckplus_peaks_and_neutrals_subpixel.npz",
        "ckplus_last_three_frames_subpixel.npz",
    )
    ckplus, frames, fer = (
        usable(load_table(path), DEFAULT_EMOTIONS)[0]
        for path in (*(args.data / "landmarks" / name for name in names), args.fer)
    )
    manifest = args.data / "london" / "manifest.csv"
    london = load_faces(manifest, cache=user_folder("cache"), network="default").table
    shipped = load_network(default_network())
    for table in (fer, london):
        if table.network != shipped.digest:
            raise SystemExit("the tables are of another network; extract them again")
    order = [shipped.spec.emotions.index(emotion) for emotion in DEFAULT_EMOTIONS]
    fer_scores = shipped.scores(fer.appearance)[:, order].astype(float)
    known = shipped.scores(london.appearance)[:, order].astype(float)
    heads = {"London": known, "London by strangers": known}
    if args.train is not None:
        train, start = head_data(args, london)
        heads = london_by_heads(train, london, start)
        if args.write is not None:
            write_network(args.write, args.distilled, *fit_head(train, london, *start))
    parts = judged(ckplus, frames, london, fer, fer_scores, heads)
    figures = {
        "head_of_london": "knows no tested person" if args.train else "knows all London people",
        "answers": answers(parts),
        "london_groups": by_group(parts[1], manifest, london),
        "videos": videos(args.data / "video"),
    }
    show(figures)
    if args.train is not None:
        text = json.dumps(rounded(figures), indent=2) + "\n"
        replace_atomically(MODELS / "network.json", text.encode())


def folds_of(subject):
    """Return the fold of each sample, by people."""
    people = np.unique(subject)
    fold = np.random.default_rng(0).permutation(len(people)) % FOLDS
    return fold[np.searchsorted(people, subject)]


def judged(ckplus, frames, london, fer, fer_scores, heads):
    """Return the parts: CK+, London, London by strangers, FER-2013."""
    shipped = load_model(MODELS / "default.npz")
    temperatures = (shipped.static.temperature, 1.0)

    def fit(*tables):
        samples = TrainingSet.of(*tables)
        return fit_model(samples, temperatures=temperatures, calibrated=False)

    def judge(model, table):
        features = landmark_features(table.landmarks)
        votes = model.votes(features)
        return votes, evidence(model, features, votes)

    home, away = (tuple(np.zeros((len(t), n)) for n in (7, 4)) for t in (ckplus, london))
    fold, london_fold = folds_of(ckplus.subject), folds_of(london.subject)
    for k in range(FOLDS):
        ours = ckplus.take(fold != k)
        theirs = frames.take(~np.isin(frames.subject, ckplus.subject[fold == k]))
        model = fit(ours, theirs, london.take(london_fold != k))
        for results, table, here in ((home, ckplus, fold == k), (away, london, london_fold == k)):
            for result, values in zip(results, judge(model, table.take(here)), strict=True):
                result[here] = values
    stranger = judge(fit(ckplus, frames), london)
    stand_in = fer_scores[nearest(ckplus, fer)]
    strangers = "London by strangers"
    return [
        Part("CK+", ckplus.emotion, ckplus.subject, *home, stand_in, 2.0),
        Part("London", london.emotion, london.subject, *away, heads["London"]),
        Part(strangers, london.emotion, london.subject, *stranger, heads[strangers]),
        Part("FER-2013", fer.emotion, fer.subject, *judge(shipped, fer), fer_scores),
    ]


def nearest(table, others):
    """Return for each face one of the `NEAREST` among others with the same label."""
    rng = np.random.default_rng(0)
    features, theirs = (landmark_features(each.landmarks) for each in (table, others))
    found = []
    for row, emotion in zip(features, table.emotion, strict=True):
        same = np.flatnonzero(others.emotion == emotion)
        distances = np.square(theirs[same] - row).sum(axis=1)
        found.append(same[np.argsort(distances)[rng.integers(0, NEAREST)]])
    return np.array(found)


def head_data(args, london):
    """Return the faces that the head is fitted to, and the distilled head to start from."""
    train = usable(load_table(args.train), DEFAULT_EMOTIONS)[0]
    distilled = load_network(args.distilled)
    if not train.network == london.network == distilled.digest:
        raise SystemExit("tables and networks do not belong together")
    weights, biases = linear_head(parse(args.distilled.read_bytes()))
    order = [distilled.spec.emotions.index(emotion) for emotion in DEFAULT_EMOTIONS]
    start = (weights[order] / TEMPERATURE, biases[order] / TEMPERATURE)
    return train.take(np.arange(0, len(train), EVERY)), start


def london_by_heads(train, london, start):
    """Judge London people with heads fitted to others, and with the distilled one."""
    fold, scores = folds_of(london.subject), np.zeros((len(london), len(DEFAULT_EMOTIONS)))
    for k in range(FOLDS):
        weights, biases = fit_head(train, london.take(fold != k), *start)
        scores[fold == k] = london.appearance[fold == k] @ weights.T + biases
    strangers = london.appearance @ start[0].T + start[1]
    return {"London": scores, "London by strangers": strangers}


def fit_head(train, london, weights, biases):
    """Fit a softmax regression that stays near a given one."""
    features = np.concatenate([train.appearance, london.appearance]).astype(float)
    truth = np.searchsorted(DEFAULT_EMOTIONS, np.concatenate([train.emotion, london.emotion]))
    weight = np.concatenate([np.ones(len(train)), np.full(len(london), LONDON_WEIGHT)])
    weight /= weight.sum()
    scale = train.appearance.std(axis=0).astype(float)
    start = np.append((weights * scale).ravel(), biases)
    k, target, rows = len(biases), np.eye(len(biases))[truth], np.arange(len(truth))
    features /= scale

    def loss(values):
        p = softmax(features @ values[:-k].reshape(k, -1).T + values[-k:])
        wrong = weight[:, None] * (p - target)
        change = values - start
        value = -(weight * np.log(p[rows, truth] + 1e-300)).sum() + DRAWN_TO_START * change @ change
        gradient = np.append((wrong.T @ features).ravel(), wrong.sum(axis=0))
        return value, gradient + 2 * DRAWN_TO_START * change

    values = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60}).x
    return values[:-k].reshape(k, -1) / scale, values[-k:]


def write_network(path, distilled, weights, biases):
    """Write the distilled network with another head."""
    spec = replace(load_network(distilled).spec, emotions=DEFAULT_EMOTIONS, temperature=1.0)
    replace_atomically(path, with_head(distilled.read_bytes(), spec, weights, biases))


def choose(parts, columns):
    """Choose coefficients of the share, of some of the evidence, and both sharpnesses."""

    def loss(values):
        coefficients, sharpness = values[:-2], np.exp(values[-2:])
        total = DRAWN_TO_ZERO * coefficients @ coefficients
        for part in parts:
            share = landmark_share(part.evidence[:, columns], coefficients)
            p = part.mixed(share, *sharpness)[np.arange(len(part.truth)), part.columns]
            total -= part.weight * np.log(np.maximum(p, 1e-9)).mean()
        return total

    values = minimize(loss, np.zeros(len(columns) + 2), method="L-BFGS-B").x
    return values[:-2], np.exp(values[-2:])


def answers(parts):
    """Score every way of weighing on every part."""
    evidence_used = [0, 1, 2, 3]
    constant, fitted = choose(parts, [0]), choose(parts, evidence_used)
    elsewhere = choose([part for part in parts if "London" not in part.name], evidence_used)

    def chosen(part, columns, found):
        coefficients, sharpness = found
        return part.mixed(landmark_share(part.evidence[:, columns], coefficients), *sharpness)

    ways = {
        "landmarks alone": lambda part: softmax(part.votes),
        "network alone": lambda part: softmax(part.scores),
        "network's share .2": lambda part: part.mixed(0.8),
        "network's share .5": lambda part: part.mixed(0.5),
        "network's share .8": lambda part: part.mixed(0.2),
        "one fitted share": lambda part: chosen(part, [0], constant),
        "fitted anew": lambda part: chosen(part, evidence_used, fitted),
        "fitted without London": lambda part: chosen(part, evidence_used, elsewhere),
        "as shipped": lambda part: part.mixed(landmark_share(part.evidence)),
    }
    result = {way: {p.name: p.scored(mix(p)) for p in parts} for way, mix in ways.items()}
    for part in parts:
        share = 1 - landmark_share(part.evidence)
        result["as shipped"][part.name]["network_share"] = float(share.mean())
    result["one fitted share"]["network_share"] = float(1 - landmark_share(np.ones(1), constant[0]))
    result["fitted anew"]["coefficients"] = [*fitted[0].tolist(), *fitted[1].tolist()]
    result["fitted without London"]["coefficients"] = [
        *elsewhere[0].tolist(),
        *elsewhere[1].tolist(),
    ]
    result["as shipped"]["coefficients"] = [*SHARE, SHARPNESS, 1.0]
    return result


def by_group(part, manifest, london):
    """Count London's answers per group, without and with the network."""
    with manifest.open(newline="", encoding="utf-8") as file:
        people = {row["subject"]: row for row in csv.DictReader(file)}
    ways = {"landmarks": part.votes, "with_network": part.mixed(landmark_share(part.evidence))}
    right = {
        way: np.array(DEFAULT_EMOTIONS)[values.argmax(axis=1)] == part.truth
        for way, values in ways.items()
    }
    groups = {}
    for kind in ("gender", "age", "ethnicity"):
        group = np.array([group_of(kind, people[person]) for person in london.subject])
        for name in np.unique(group):
            groups[f"{kind}: {name}"] = {
                f"{emotion}_{way}": wilson(found[(group == name) & (part.truth == emotion)])
                for emotion in ("neutral", "happiness")
                for way, found in right.items()
            }
    return groups


def videos(folder):
    """Count changes of the label and processor time of real videos, without and with the network.

    No neutral face is known. Both take turns, decoding counts, and the least time is taken.
    """
    result = {}
    for path in sorted(folder.glob("*.mp4")):
        found = {}
        for _ in range(ROUNDS):
            for name, network in (("landmarks", None), ("with_network", "default")):
                recognizer, labels, frames = Recognizer(network=network), [], 0
                start = time.process_time()
                for frame, predictions in recognizer.stream(path):
                    frames, last = frames + 1, frame.time
                    labels += [prediction.likeliest for prediction in predictions[:1]]
                each = 1000 * (time.process_time() - start) / frames
                changes = sum(a != b for a, b in itertools.pairwise(labels)) / (last / 60)
                least = min(each, found.get(name, {}).get("ms_per_frame", np.inf))
                found[name] = {"changes_per_minute": changes, "ms_per_frame": least}
        result[path.stem] = found | {
            "cost": found["with_network"]["ms_per_frame"] / found["landmarks"]["ms_per_frame"]
        }
    return result


def show(figures):
    """Print accuracies with their intervals, and London by group."""
    print(f"head of London: {figures['head_of_london']}; CK+: the network's scores are a stand-in")
    for way, parts in figures["answers"].items():
        cells = []
        for name in ("CK+", "London", "London by strangers", "FER-2013"):
            low, high = parts[name]["interval_95"]["accuracy"]
            accuracy = parts[name]["accuracy"]
            cells.append(f"{name} {100 * accuracy:.1f} % ({100 * low:.1f} to {100 * high:.1f})")
        print(f"{way:22} {'  '.join(cells)}")
        if "coefficients" in parts:
            print(f"{'':22} {np.round(parts['coefficients'], 2).tolist()}")
    for group, counts in figures["london_groups"].items():
        cells = (f"{way} {100 * c['share']:.1f} % of {c['n']}" for way, c in counts.items())
        print(f"{group:24} {'  '.join(cells)}")
    for name, found in figures["videos"].items():
        before, after = (found[way]["changes_per_minute"] for way in ("landmarks", "with_network"))
        print(f"{name}: {before:.1f} to {after:.1f} changes a minute, time x {found['cost']:.2f}")


if __name__ == "__main__":
    main()
