"""One command for each job around the project: ``python3 tasks.py JOB``.

Needs nothing but Python 3.10 or newer; everything else goes into the folder .venv.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
BIN, SUFFIX = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
PYTHON = VENV / BIN / ("python" + SUFFIX)
OLDEST = (3, 10)

JOBS = {
    "demo": "see it work on drawn faces: install, train, watch a drawn video",
    "install": "make .venv with the project in it (and with extras, such as 'install web')",
    "test": "run the tests, but for slow ones",
    "check": "run ruff, mypy, import-linter, and all tests with coverage",
    "oldest": "run the tests with the oldest versions of the packages that are allowed",
    "windows": "run the tests under rules of Windows that Linux does not have",
    "package": "build wheel and sdist, look what is in them, try the wheel in an empty place",
    "audit": "look for known holes in the packages used, and at their licenses",
}

# Several processes, but not so many that their predictors (100 MB each) fill the memory.
SIDE_BY_SIDE = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")

# Parts of names; all of them let anybody use what is linked to them.
LICENSES = "MIT;BSD;Apache;Boost;ISC;MPL;Mozilla;PSF;Python Software Foundation;Unlicense;Zlib"


class TaskError(Exception):
    """Why a job cannot go on, for the user."""


def main(arguments):
    """Run one job and return the exit status."""
    if len(arguments) < 1 or arguments[0] not in JOBS:
        print("usage: python3 tasks.py JOB")
        for job, meaning in JOBS.items():
            print(f"  {job:<8} {meaning}")
        return 0 if arguments in (["-h"], ["--help"]) else 2
    job, rest = arguments[0], arguments[1:]
    try:
        check_python()
        jobs = (demo, install, test, check, oldest, windows, package, audit)
        {function.__name__: function for function in jobs}[job](rest)
    except TaskError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"error: {job} failed", file=sys.stderr)
        return error.returncode if 0 < error.returncode < 128 else 1
    except KeyboardInterrupt:
        return 130
    return 0


def check_python():
    """Refuse a Python that cannot do it, with the remedy."""
    if sys.version_info < OLDEST:
        raise TaskError(
            "Python {}.{} is too old; run this with Python 3.10 or newer".format(*sys.version_info)
        )
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            raise TaskError(
                f"this Python has no {module}; on Debian and Ubuntu run 'sudo apt install "
                "python3-venv', elsewhere install Python from python.org"
            ) from None


def install(extras=()):
    """Make .venv and install the project into it, unless that has been done."""
    extras = ",".join(sorted(extras))
    wanted = hashlib.sha256(
        b"\0".join(
            [(HERE / name).read_bytes() for name in ("setup.cfg", "pyproject.toml")]
            + [extras.encode(), sys.version.encode(), str(HERE).encode()]
        )
    ).hexdigest()
    stamp = VENV / "installed-{}.txt".format(extras.replace(",", "-"))
    if PYTHON.is_file() and stamp.is_file() and stamp.read_text() == wanted:
        return
    make_environment(VENV)
    print("installing ...", flush=True)
    target = f".[{extras}]" if extras else "."
    run(str(PYTHON), "-m", "pip", "install", "--quiet", "--editable", target)
    stamp.write_text(wanted)


def make_environment(folder):
    """Make a virtual environment, unless there is one, and return its Python."""
    python = folder / BIN / ("python" + SUFFIX)
    # One that was interrupted while it was made has a Python but no pip; this repairs it as well.
    pip = list(folder.glob("lib/python*/site-packages/pip")) + list(
        folder.glob("Lib/site-packages/pip")
    )
    if not python.is_file() or not pip:
        print(f"making {folder.name} ...", flush=True)
        run(sys.executable, "-m", "venv", str(folder))
    return str(python)


def demo(rest):
    """Train on drawn faces and watch a drawn video."""
    install()
    faces, video = Path("data", "drawn-faces"), Path("data", "drawn-video.mp4")
    model = Path("models", "drawn.npz")
    if not (HERE / faces).is_dir():
        program("draw", faces)
    if not (HERE / video).is_file():
        program("draw", "--video", video)
    print("\n--- training on drawn faces ---", flush=True)
    program("train", faces, "--output", model)
    print("\n--- watching a drawn video (only changes are printed) ---", flush=True)
    program("webcam", "--source", video, "--model", model, "--changes-only")
    python = os.path.relpath(str(PYTHON), str(HERE))
    print(
        "\nThat was a toy on drawn faces. For real ones:\n"
        f"  {python} run_webcam.py         watch your camera, with the model that comes along\n"
        f"  {python} train.py PATH/TO/CK+  train on your CK/CK+ folder (see data/README.md)"
    )


def test(rest):
    """Run the tests, but for slow ones."""
    install(["test", "tables", "web"])
    run(str(PYTHON), "-m", "pytest", *SIDE_BY_SIDE, "-m", "not slow", *rest)


def check(rest):
    """Run everything that must pass before a change lands."""
    install(["test", "check", "dask", "tables", "web"])
    run(str(PYTHON), "-m", "ruff", "check", ".")
    run(str(PYTHON), "-m", "ruff", "format", "--check", ".")
    run(str(PYTHON), "-m", "mypy")
    run(str(PYTHON), "-c", "from importlinter.cli import lint_imports_command as c; c()")
    run(str(PYTHON), "-m", "pytest", *SIDE_BY_SIDE, "--cov", *rest)


def oldest(rest):
    """Run the tests with the lower bounds that setup.cfg names."""
    python = make_environment(HERE / ".venv-oldest")
    run(python, "-m", "pip", "install", "--quiet", "uv")
    uv = (python, "-m", "uv", "pip", "install", "--quiet", "--python", python)
    run(*uv, "--resolution", "lowest-direct", "--editable", ".[tables,test,web]")
    run(python, "-m", "pytest", *SIDE_BY_SIDE, *rest)


def windows(rest):
    """Run the tests with what Windows forbids forbidden; see tests/windows_rules."""
    install(["test", "tables", "web"])
    rules = {"PYTHONPATH": str(HERE / "tests" / "windows_rules")}
    run(str(PYTHON), "-m", "pytest", *SIDE_BY_SIDE, *rest, **rules)


def package(rest):
    """Build what is published and try it."""
    install(["package"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(str(PYTHON), "-m", "build", "--outdir", name, str(HERE))
        (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
        check_contents(wheel, sdist)
        python = make_environment(folder / "empty")
        run(python, "-m", "pip", "install", "--quiet", str(wheel), where=folder)
        for arguments in (
            ["--version"],
            ["draw", "--video", "drawn.mp4"],
            ["video", "drawn.mp4", "--every", "1"],
        ):
            command = str(folder / "empty" / BIN / ("landmark-emotion" + SUFFIX))
            run(command, *arguments, where=folder)
        (HERE / "dist").mkdir(exist_ok=True)
        for file in (wheel, sdist):
            (HERE / "dist" / file.name).write_bytes(file.read_bytes())
            print(f"dist/{file.name}: {file.stat().st_size / 1e6:.2f} MB")


def check_contents(wheel, sdist):
    """Refuse archives that lack something or hold what nobody should get."""
    sources = {
        path.relative_to(HERE).as_posix()
        for path in (HERE / "landmark_emotion").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = {"models/default.npz", "models/README.md"}
    with zipfile.ZipFile(str(wheel)) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = sources | {name.replace("models", "landmark_emotion/shipped") for name in shipped}
    compare(wheel.name, inside, expected)
    with tarfile.open(str(sdist)) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    inside = {n for n in names if ".egg-info/" not in n and n not in ("PKG-INFO", "setup.cfg")}
    folders = {
        "tests": ".py",
        "benchmarks": ".py",
        "tools": ".py",
        "docs": ("", ".md", ".py", ".png"),
    }
    expected = sources | shipped | {"models/default.json", "data/README.md"}
    for folder, suffixes in folders.items():
        expected |= {
            path.relative_to(HERE).as_posix()
            for path in (HERE / folder).rglob("*")
            if path.is_file() and path.suffix in suffixes
        }
    expected |= {path.name for path in HERE.iterdir() if path.suffix in (".md", ".py", ".toml")}
    compare(sdist.name, inside, expected | {"LICENSE", "MANIFEST.in"})


def compare(name, inside, expected):
    """Refuse an archive that is not as expected."""
    if inside != expected:
        raise TaskError(
            "{}: lacks {}, has too much: {}".format(
                name, sorted(expected - inside) or "nothing", sorted(inside - expected) or "nothing"
            )
        )


def audit(rest):
    """Look at the packages that are used, those for tests included."""
    install(["audit", "dask", "tables", "web"])
    # imutils names no license in its metadata; its repository says MIT.
    known = ("--ignore-packages", "imutils", "landmark-emotion")
    licenses = (str(PYTHON), "-m", "piplicenses", "--partial-match", "--allow-only", LICENSES)
    run(*licenses, *known)
    # Strict, since otherwise what the service does not know, or cannot be asked, counts as good.
    frozen = VENV / "frozen.txt"
    freeze = [str(PYTHON), "-m", "pip", "freeze", "--exclude-editable"]
    frozen.write_bytes(subprocess.run(freeze, check=True, stdout=subprocess.PIPE).stdout)
    ask = ("-m", "pip_audit", "--strict", "--no-deps", "--disable-pip", "-r", str(frozen))
    run(str(PYTHON), *ask, *rest)


def program(*arguments):
    """Run a command of the project."""
    run(str(PYTHON), "-m", "landmark_emotion", *[str(argument) for argument in arguments])


def run(*command, where=HERE, **environment):
    """Run a program, by default in the project's folder; its failure ends the job."""
    try:
        subprocess.run(command, cwd=str(where), check=True, env={**os.environ, **environment})
    except OSError as error:
        raise TaskError(f"{command[0]}: cannot be started ({error.strerror})") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
