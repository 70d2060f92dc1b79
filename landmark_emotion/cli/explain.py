"""``landmark-emotion explain``: what in a face speaks for and against an emotion."""

import argparse
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landmark_emotion.cli.help import INPUT, OUTPUT, TUNING, examples, group
from landmark_emotion.cli.options import add_min_face, add_recognition, class_argument, say
from landmark_emotion.errors import ModelError
from landmark_emotion.formatting import percent

if TYPE_CHECKING:
    from landmark_emotion.live.prediction import Prediction
    from landmark_emotion.live.shares import Shares
    from landmark_emotion.model.explanation import Explanation

_KEYS = ("face", "box", "emotion", "probability", "probabilities", "calibration")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "explain",
        help="explain what in a face speaks for and against an emotion",
        description="Explain what in each face of an image speaks for and against its emotion.",
        epilog=examples(
            "explain photo.jpg",
            "explain photo.jpg -o why.png",
            "explain photo.jpg --emotion surprise --neutral anna.jpg",
            more="The exit status is 1 if the image cannot be read or shows no face.",
        ),
    )
    add = group(parser, INPUT).add_argument
    add("image", type=Path, metavar="IMAGE", help="image file")
    add = group(parser, OUTPUT).add_argument
    text = "also draw the explanation to an image file: arrows on each face, bars, a sentence"
    add("-o", "--output", type=Path, metavar="FILE", help=text)
    add("--json", action="store_true", help="print JSON instead of text")
    text = "explain this emotion instead of the likeliest"
    add = group(parser, TUNING).add_argument
    add("--emotion", type=class_argument, metavar="NAME", help=text)
    add_recognition(parser)
    add_min_face(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from landmark_emotion.cli.recognition import note_unsearched, open_recognizer
    from landmark_emotion.files.writing import check_writable, replace_atomically
    from landmark_emotion.live.shares import shares_of
    from landmark_emotion.model.explanation import explain
    from landmark_emotion.show.explanation_picture import draw_panels, encode_picture
    from landmark_emotion.sources.images import read_image

    if args.output is not None:
        encode_picture(np.zeros((8, 8, 3), dtype=np.uint8), args.output)
        check_writable(args.output)
    recognizer = open_recognizer(args)
    model = recognizer.model
    if args.emotion is not None and args.emotion not in model.emotions:
        known = ", ".join(model.emotions)
        raise ModelError(f"{args.emotion}: not an emotion of the model; choose one of {known}")
    image = read_image(args.image)
    note_unsearched(str(args.image), image, args.min_face, say)
    explained = []
    for face in recognizer.recognize_still(image):
        emotion = args.emotion or face.likeliest
        explanation = explain(model, face.face.landmarks, face.reference, emotion)
        shares = shares_of(face, emotion, recognizer.occlusion(image, face, emotion))
        explained.append((face, explanation, shares))
    if args.output is not None and explained:
        picture = draw_panels(image, explained)
        replace_atomically(args.output, encode_picture(picture, args.output))
        say(f"picture: {args.output}")
    if args.json:
        faces = [_row(*face) for face in explained]
        print(json.dumps({"source": str(args.image), "faces": faces}, indent=2))
    elif explained:
        for face_explained in explained:
            print("\n".join(_text(str(args.image), *face_explained)))
    else:
        print(f"{args.image}: no face")
    return 0 if explained else 1


def _row(
    prediction: "Prediction", explanation: "Explanation", shares: "Shares | None"
) -> dict[str, object]:
    row = prediction.to_dict()
    content = explanation.as_json()
    if shares is not None:
        content["network"] = shares.as_json()
    return {key: row[key] for key in _KEYS} | {"explanation": content}


def _text(
    source: str, prediction: "Prediction", explanation: "Explanation", shares: "Shares | None"
) -> list[str]:
    content = explanation.as_json()
    other = content["rather_than"]
    answer = f"{prediction.likeliest} {percent(prediction.probability)}"
    if prediction.emotion != prediction.likeliest:
        answer = f"{prediction.emotion}: {answer}"
    before, after, what = [], [], "the score, from a neutral face to this one"
    if shares is not None:
        what = "the landmarks' score"
        told = shares.emotion == prediction.likeliest  # in the line before
        before = [shares.parts if told else shares.sentence, shares.disagreement]
        after = ["" if shares.occlusion is None else shares.occlusion.sentence]
    sentences = [
        line
        for text in (*before, content["sentence"], *after)
        for line in textwrap.wrap(text, 76, initial_indent="  ", subsequent_indent="  ")
    ]
    return [
        f"{source}: face {prediction.number}: {answer}",
        *sentences,
        f"  what the parts of the face add to {what}:",
        _sum(f"for {content['emotion']}", content),
        _sum(f"against {other['emotion']}", other),
    ]


def _sum(what: str, content: dict[str, Any]) -> str:
    """Write out what the regions add to a score."""
    return f"    {what:<18}" + "  ".join(f"{n} {v:+.1f}" for n, v in content["regions"].items())
