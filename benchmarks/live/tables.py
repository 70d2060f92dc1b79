"""The result as tables."""

from benchmarks.live.videos import named


def show(result):
    """Print all tables."""
    print(", ".join(f"{name} {value}" for name, value in result["machine"].items()))
    show_times(result)
    show_stages(result["cases"])
    show_answers(result)
    show_processes(result)
    show_goals(result)


def show_times(result):
    """Print what the ways take."""
    print("\nmilliseconds of processor time per frame on one core; (a) and (b) on some frames\n")
    head = "".join(
        f"  |{way:>10}{'median    p95   wall':>23}" for way in ("(a)", "(b)", "(c)", "FM")
    )
    print(f"{'':<26}  frames  {head}  |decode   a/c   b/c  p95/med  c/FM")
    for case in result["cases"]:
        show_costs(case["name"], case["milliseconds"])
    if result["two_cores"]:
        show_costs("main on two cores", result["two_cores"])
    mjpeg = result["main_as_mjpeg"]
    print(f"\nthe main video as MJPEG: decode {mjpeg['decode']:.2f}, gray {mjpeg['gray']:.2f}")
    for case in result["cases"]:
        if case["content"] != case["size"]:
            print(f"{case['name']}: the picture itself is {named(case['content'])}")


def show_stages(cases):
    """Print where the time of (c) goes."""
    print("\n(c): share of the time\n")
    stages = list(cases[0]["stages"])
    print(f"{'':<26}" + "".join(f"{stage:>17}" for stage in stages))
    for case in cases:
        shares = (f"{case['stages'][stage]['share']:>17.1%}" for stage in stages)
        print(f"{case['name']:<26}" + "".join(shares))


def show_answers(result):
    """Print how the answers of the ways differ, and how fast they follow what changes."""
    print("\n(c) compared with frames as single images, and these with frames moved by one pixel\n")
    head = "   faces   lost gained  distance (%)   same"
    print(f"{'':<26}{head}  |{head}\n{'':<26}{'mean   p95  emotion':>44}  |{'mean   p95':>35}")
    for case in result["cases"]:
        halves = (agreement_text(case[key]) for key in ("agreement", "moved_by_a_pixel"))
        print(f"{case['name']:<26}" + "  |".join(halves))

    still = result["jitter"]
    print(
        f"\n{still['photos']} photos filmed with noise: landmarks tremble by {still['a']:.3f} "
        f"pixels by (a) and {still['c']:.3f} by (c)"
    )

    print("\nlabel changes a minute, and seconds until what each frame says is shown\n")
    print(f"{'':<26}  raw  smoothed  factor  |  delay: n  median   p95  never")
    for case in result["cases"]:
        show_labels(case["name"], case["labels"])
    show_labels("drawn expressions", result["drawn_expressions"]["labels"])

    print("\nseconds from a new expression until it is seen in frames alone, and shown\n")
    for name in ("drawn_expressions", "london"):
        if result[name]:
            show_expressions(name.replace("_", " "), result[name])


def show_processes(result):
    """Print start-up, imports and memory."""
    start, memory = result["start_up"], result["memory"]
    print("\nstart-up (s): " + ", ".join(f"{k} {v:.3f}" for k, v in start["parts"].items()))
    print(
        f"  first answer {start['first_answer']:.3f}; first line of 'landmark-emotion webcam' "
        f"{start['first_line_of_the_command']:.3f}; "
        f"unwanted modules: {', '.join(start['unwanted_modules']) or 'none'}"
    )
    print("import (s): " + ", ".join(f"{k} {v:.3f}" for k, v in result["imports"].items()))
    print(
        "memory (MB; what is private, and the files that processes share): "
        + ", ".join(f"{k} {number(v, 0, 0)}" for k, v in memory.items())
    )


def show_goals(result):
    """Print what was wanted, and whether it was reached."""
    print("\ngoals, by " + result["main"] + "\n")
    for goal in result["goals"]:
        reached = {True: "reached", False: "missed", None: "not measured"}[goal["reached"]]
        print(f"{goal['goal']:<46}{number(goal['figure'], 8, 3)}   {goal['wanted']:<9}  {reached}")


def show_costs(name, costs):
    """Print what the ways take for a case."""
    ways = [
        "".join(
            f"{time:8.2f}" for time in (*costs[way]["cpu"].values(), costs[way]["wall"]["mean"])
        )
        if way in costs
        else f"{'-':>32}"
        for way in ("a", "b", "c", "facemesh")
    ]
    frames = "/".join(str(costs[way]["frames"]) for way in ("a", "b", "c"))
    ratios = costs["ratios"]
    print(
        f"{name:<26}  {frames:<9}|{'  |'.join(ways)}  |{costs['decode']['mean']:6.2f}"
        f"{ratios['a/c']:6.1f}{ratios['b/c']:6.1f}{ratios['p95/median']:9.2f}"
        f"{number(ratios['c/facemesh'], 6, 2)}"
    )


def agreement_text(part):
    """Write how far two ways agree."""
    return (
        f"{part['faces']:8d}{part['lost']:7d}{part['gained']:7d}"
        f"{number(part['distance_mean'], 8, 2)}{number(part['distance_p95'], 6, 2)}"
        f"{number(part['same_emotion'] and 100 * part['same_emotion'], 7, 1)}"
    )


def show_labels(name, part):
    """Print how often labels change, and how late."""
    delay = part["delay"]
    print(
        f"{name:<26}{number(part['per_minute_raw'], 5, 1)}{number(part['per_minute_shown'], 10, 1)}"
        f"{number(part['factor'], 8, 1)}  |{delay['n']:10d}{number(delay['median'], 8, 2)}"
        f"{number(delay['p95'], 6, 2)}{delay['never']:7d}"
    )


def show_expressions(name, part):
    """Print what became of new expressions."""
    counts = ", ".join(f"{key} {value}" for key, value in part.items() if isinstance(value, int))
    print(f"{name}: {counts}")
    for key in ("seen_after", "shown_after", "delay"):
        row = part[key]
        print(
            f"  {key.replace('_', ' '):<12} n {row['n']:3d}  median {number(row['median'], 5, 2)}  "
            f"p95 {number(row['p95'], 5, 2)}"
        )


def number(value, width, digits):
    """Write a number, or that there is none."""
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def rounded(value):
    """Round all numbers to four digits after the point."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value
