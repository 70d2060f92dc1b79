"""Folders of (mostly empty) files in the layouts of data sets."""

from pathlib import Path


def touch(*paths: Path, content: bytes = b"") -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def ckplus(
    base: Path,
    sequences: dict[str, tuple[list[int], str | None]],
    images: str = "cohn-kanade-images",
    labels: str = "Emotion",
    content: bytes = b"",
) -> Path:
    """Make a tree of CK+.

    ``{"S005_001": ([1, 2, 11], "3")}`` is a sequence of three frames with the emotion's code 3;
    None in place of the code leaves the emotion's folder empty, as the original does.
    """
    for name, (numbers, code) in sequences.items():
        folders = name.split("_")
        for number in numbers:
            path = base.joinpath(images, *folders, f"{name}_{number:08}.png")
            touch(path, content=content)
        base.joinpath(labels, *folders).mkdir(parents=True, exist_ok=True)
        if code is not None:
            path = base.joinpath(
                labels, *folders, f"{name}_{max(numbers, default=1):08}_emotion.txt"
            )
            path.write_text(code)
    return base


def pollute(root: Path) -> None:
    """Put what copies of data sets carry into each of its folders, all but pictures."""
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", "notes.txt", "movie.avi"):
            touch(folder / name)
        for path in [path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".png")]:
            touch(folder / f"._{path.name}")
    touch(root / "__MACOSX" / "anger" / "x.png")
