"""What is wanted, and whether it was reached."""

import operator

from benchmarks.live.videos import FULL_HD, HD, PEOPLE, VGA, named


def goals(result):
    """Compare what was measured with what is wanted; a goal without a figure was not measured."""
    cases = {case["name"]: case for case in result["cases"]}
    main = cases[result["main"]]
    large = cases.get(main["name"].replace(named(VGA), named(FULL_HD)))
    cost, agreement = main["milliseconds"], main["agreement"]
    still = result["jitter"]
    start, imports = result["start_up"], result["imports"]

    def drawn(size, people):
        case = cases.get(f"drawn {named(size)}, faces: {people}")
        return case and case["milliseconds"]

    growth, empty = [], []
    for size in (VGA, HD, FULL_HD):
        if one := drawn(size, 1):
            growth += [
                drawn(size, n)["c"]["cpu"]["mean"] / one["c"]["cpu"]["mean"] / n
                for n in PEOPLE
                if n > 1
            ]
            empty.append(1 / drawn(size, 0)["ratios"]["a/c"])
    larger = large and large["milliseconds"]
    factor = main["labels"]["factor"]
    if factor is None and main["labels"]["changes_raw"]:
        factor = float("inf")
    shown = [
        part["delay"]["median"]
        for part in (result["london"], result["drawn_expressions"], main["labels"])
        if part and part["delay"]["n"]
    ]
    listed = [
        ("640x480, one face: (a) / (c)", cost["ratios"]["a/c"], ">=", 12),
        ("median of (c) / FaceMesh", cost["ratios"]["c/facemesh"], "<=", 0.6),
        ("(c): 95th percentile / median", cost["ratios"]["p95/median"], "<=", 1.3),
        ("1920x1080, one face: (a) / (c)", larger and larger["ratios"]["a/c"], ">=", 60),
        ("still face: trembling of (c) / (a)", still["c"] / still["a"], "<=", 0.5),
        (
            "landmarks: % of inter-ocular from those of single images",
            agreement["distance_mean"],
            "<=",
            1,
        ),
        ("same emotion as single images", agreement["same_emotion"], ">=", 0.98),
        ("n faces: (c) / (n times (c) of one), worst", max(growth, default=None), "<=", 1),
        ("nobody: (c) / (a), worst", max(empty, default=None), "<=", 1 / 3),
        ("smoothing: label changes without / with", factor, ">=", 5),
        ("delay (s), worst median", max(shown, default=None), "<=", 0.3),
        ("start-up until the first answer (s)", start["first_answer"], "<=", 0.5),
        ("memory (MB)", result["memory"]["most"], "<=", 100),
        ("import landmark_emotion (s)", imports["landmark_emotion"], "<", 0.15),
        (
            "landmark_emotion.live.recognizer (s)",
            imports["landmark_emotion.live.recognizer"],
            "<",
            0.15,
        ),
        ("unwanted modules imported", len(start["unwanted_modules"]), "<=", 0),
    ]
    compare = {">=": operator.ge, "<=": operator.le, "<": operator.lt}
    return [
        {
            "goal": text,
            "figure": figure,
            "wanted": f"{sign} {limit:.4g}",
            "reached": None if figure is None else bool(compare[sign](figure, limit)),
        }
        for text, figure, sign, limit in listed
    ]
