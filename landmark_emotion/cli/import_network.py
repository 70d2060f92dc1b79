"""``landmark-emotion import-network``: a network trained with Keras becomes an ONNX file."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from landmark_emotion.cli.help import INPUT, OUTPUT, examples, group
from landmark_emotion.cli.options import class_list

if TYPE_CHECKING:
    from landmark_emotion.networks.network import Network

_TIMED = 30  # evaluations


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "import-network",
        help="convert a Keras network to ONNX",
        description="Convert a Keras model that classifies square pictures of faces, gray or in "
        "color, to an ONNX file, which OpenCV runs without Keras. Needs the extra 'network'. "
        "No code in the file is run.",
        epilog=examples(
            "import-network faces.keras --emotions fer2013 --scale 0..1",
            "import-network faces.h5 --emotions anger,happiness,neutral",
            "import-network faces.keras -o models/faces.onnx --colors BGR",
        ),
    )
    add = group(parser, INPUT).add_argument
    add("file", type=Path, metavar="FILE", help="model saved by Keras: .keras, .h5 or .hdf5")
    text = "the ONNX file to write (default: models/NAME.onnx)"
    group(parser, OUTPUT).add_argument("-o", "--output", type=Path, metavar="FILE", help=text)
    text = (
        "the emotions in the order of the network's outputs, separated by commas; fer2013 stands "
        "for anger,disgust,fear,happiness,sadness,surprise,neutral"
    )
    add("--emotions", type=_emotions, metavar="NAMES", help=text)
    text = (
        "the gray levels that it was trained on: 0..1, --scale=-1..1, 0..255, or standardize for "
        "mean 0 and standard deviation 1 in each picture; needed unless the network scales them"
    )
    choices = ("0..1", "-1..1", "0..255", "standardize")
    add("--scale", choices=choices, metavar="RANGE", help=text)
    text = "order of the channels that a network of color pictures was trained on (default: RGB)"
    add("--colors", choices=("RGB", "BGR"), default="RGB", help=text)
    parser.set_defaults(run=run)


def _emotions(text: str) -> tuple[str, ...]:
    if text.lower() == "fer2013":
        from landmark_emotion.networks.importing import FER2013

        return FER2013
    return class_list(text)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from landmark_emotion.files.writing import check_writable, replace_atomically
    from landmark_emotion.networks.importing import import_keras

    output = args.output or Path("models", f"{args.file.stem}.onnx")
    check_writable(output)
    imported = import_keras(args.file, args.emotions, args.scale, args.colors)
    replace_atomically(output, imported.data)
    network = imported.network
    spec, cost = network.spec, network.cost
    print(f"{output}: {spec.size}x{spec.size} pixels, {spec.color} -> {', '.join(spec.emotions)}")
    print(
        f"{cost.parameters:,} parameters, {cost.multiply_adds / 1e6:.1f} million multiply-adds, "
        f"{_milliseconds(network):.2f} ms per face; probabilities differ from those of Keras by "
        f"{imported.difference:.0e}"
    )
    return 0


def _milliseconds(network: "Network") -> float:
    """Measure the least time that OpenCV takes for a face; other programs only add to it."""
    import numpy as np

    spec = network.spec
    side = (spec.size, spec.size) if spec.channels == 1 else (spec.size, spec.size, 3)
    crop = np.zeros((1, *side), np.uint8)
    times = []
    for _ in range(_TIMED):
        start = time.perf_counter()
        network.evaluate(crop)
        times.append(time.perf_counter() - start)
    return 1000 * min(times)
