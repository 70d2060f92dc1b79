"""Project commands: ``python3 tasks.py JOB``.

Needs only Python 3.10 or newer; everything else is installed into the folder ``.venv``.
"""

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
OLDEST = (3, 10)

# Each process loads a shape predictor of 100 MB.
PARALLEL = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")

# Parts of names; all of them allow anybody to use the package.
LICENSES = "MIT;BSD;Apache;Boost;ISC;MPL;Mozilla;PSF;Python Software Foundation;Unlicense;Zlib"


class TaskError(Exception):
    """A message for the user about why a job cannot continue."""


def main(arguments):
    """Run one job and return the exit status."""
    known = (demo, install, test, check, notebooks, oldest, windows, package, audit)
    jobs = {job.__name__: job for job in known}
    if not arguments or arguments[0] not in jobs:
        print("usage: python3 tasks.py JOB [ARGUMENT ...]")
        for name, job in jobs.items():
            print(f"  {name:<9} {job.__doc__}")
        return 0 if arguments in (["-h"], ["--help"]) else 2
    try:
        check_python()
        jobs[arguments[0]](arguments[1:])
    except TaskError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"error: {arguments[0]} failed", file=sys.stderr)
        return error.returncode if 0 < error.returncode < 128 else 1
    except KeyboardInterrupt:
        return 130
    return 0


def demo(rest):
    """Train on drawn faces, watch a drawn video, and write a report, a plot and a picture."""
    install()
    faces, video = Path("data", "drawn-faces"), Path("data", "drawn-video.mp4")
    model, results = Path("models", "drawn.npz"), Path("data", "demo")
    report, rows = results / "report", results / "rows.csv"
    plot, picture = results / "plot.png", results / "picture.png"
    if not (HERE / faces).is_dir():
        program("draw", faces)
    if not (HERE / video).is_file():
        program("draw", "--video", video)
    print("\n--- training on drawn faces ---", flush=True)
    program("train", faces, "--output", model, "--report", report)
    print("\n--- watching a drawn video (a line for each change) ---", flush=True)
    program("webcam", "--source", video, "--model", model, "--changes-only")
    print("\n--- a plot of that video, and an explained picture ---", flush=True)
    program("video", video, "--model", model, "-o", rows)
    program("plot", rows, "-o", plot)
    program("explain", smile(HERE / faces), "-o", picture, "--model", model)
    python = os.path.relpath(python_of(VENV), str(HERE))
    print(
        "\nWritten:\n"
        f"  {report / 'report.html'}   the scores, with plots\n"
        f"  {plot}             the emotions of the video over time\n"
        f"  {picture}          what speaks for an emotion\n"
        "\nThis was a toy on drawn faces. With real ones:\n"
        f"  {python} run_webcam.py         watch your camera, using the model that is included\n"
        f"  {python} train.py PATH/TO/CK+  train on your CK/CK+ folder (see data/README.md)"
    )


def smile(faces):
    """Return a picture of a smile among drawn faces."""
    for label in sorted(faces.rglob("*_emotion.txt")):
        if label.read_text().strip().startswith("5"):
            name = label.name.replace("_emotion.txt", ".png")
            return next(faces.rglob(name)).relative_to(HERE)
    return faces.relative_to(HERE) / "README.txt"  # reported as no image


def install(extras=()):
    """Create .venv with the project; name extras to add, such as 'install web'."""
    extras = ",".join(sorted({"fast", "report", *extras}))
    # The stamp names what was installed; an interrupted or failed installation leaves none.
    wanted = "\n".join(
        [sys.version, str(HERE)]
        + [(HERE / name).read_text(encoding="utf-8") for name in ("setup.cfg", "pyproject.toml")]
    )
    stamp = VENV / f"installed-{extras.replace(',', '-')}.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    make_environment(VENV)
    print("installing ...", flush=True)
    python("-m", "pip", "install", "--quiet", "--editable", f".[{extras}]")
    stamp.write_text(wanted, encoding="utf-8")


def test(rest):
    """Run the tests except slow ones; arguments go to pytest."""
    install(["test", "osc", "recording", "tables", "tls", "web"])
    python("-m", "pytest", *PARALLEL, "-m", "not slow", *rest)


def check(rest):
    """Run ruff, mypy, import-linter and all tests with coverage."""
    extras = ["check", "dask", "lsl", "network", "notebooks", "osc", "recording", "tables", "tls"]
    install(["test", "web", *extras])
    python("-m", "ruff", "check", ".")
    python("-m", "ruff", "format", "--check", ".")
    python("-m", "mypy")
    python("-c", "from importlinter.cli import lint_imports_command as c; c()")
    python("-m", "pytest", *PARALLEL, "--cov", *rest)


def notebooks(rest):
    """Execute the notebooks in docs/notebooks and store their outputs."""
    install(["notebooks"])
    python(str(HERE / "docs" / "notebooks" / "execute.py"), *rest)


def oldest(rest):
    """Run the tests with the oldest versions of all packages that setup.cfg allows."""
    oldest_python = make_environment(HERE / ".venv-oldest")
    run(oldest_python, "-m", "pip", "install", "--quiet", "uv")
    uv = (oldest_python, "-m", "uv", "pip", "install", "--quiet", "--python", oldest_python)
    run(*uv, "--resolution", "lowest-direct", "--editable", ".[report,tables,test,tls,web]")
    run(oldest_python, "-m", "pytest", *PARALLEL, *rest)


def windows(rest):
    """Run the tests on Linux with the restrictions of Windows (see tests/windows_rules)."""
    install(["test", "tables", "tls", "web"])
    rules = {"PYTHONPATH": str(HERE / "tests" / "windows_rules")}
    python("-m", "pytest", *PARALLEL, *rest, **rules)


def package(rest):
    """Build wheel and sdist, check their contents, try the wheel in an empty environment."""
    install(["package"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python("-m", "build", "--outdir", name, str(HERE))
        (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
        check_contents(wheel, sdist)
        empty = make_environment(folder / "empty")
        run(empty, "-m", "pip", "install", "--quiet", str(wheel), where=folder)
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


def audit(rest):
    """Check the packages used for known vulnerabilities and for their licenses."""
    install(["audit", "dask", "lsl", "osc", "recording", "tables", "tls", "web"])
    # imutils names no license in its metadata; its repository says MIT. python-osc is in the public
    # domain, for which its metadata have no name.
    known = ("--ignore-packages", "imutils", "landmark-emotion", "python-osc")
    python("-m", "piplicenses", "--partial-match", "--allow-only", LICENSES, *known)
    frozen = VENV / "frozen.txt"
    freeze = [python_of(VENV), "-m", "pip", "freeze", "--exclude-editable"]
    frozen.write_bytes(subprocess.run(freeze, check=True, stdout=subprocess.PIPE).stdout)
    # Without --strict, a package that could not be looked up counts as safe.
    python("-m", "pip_audit", "--strict", "--no-deps", "--disable-pip", "-r", str(frozen), *rest)


def check_python():
    """Refuse a Python that is too old or incomplete."""
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


def python_of(environment):
    """Return the path of an environment's Python."""
    return str(environment / BIN / ("python" + SUFFIX))


def make_environment(folder):
    """Create a virtual environment unless it is there, and return its Python."""
    # One whose creation was interrupted has a Python but no pip.
    pip = [*folder.glob("lib/python*/site-packages/pip"), *folder.glob("Lib/site-packages/pip")]
    if not Path(python_of(folder)).is_file() or not pip:
        print(f"creating {folder.name} ...", flush=True)
        run(sys.executable, "-m", "venv", str(folder))
    return python_of(folder)


def check_contents(wheel, sdist):
    """Refuse archives that lack files or contain files that must not be distributed."""
    sources = files_in("landmark_emotion")
    shipped = {"models/default.npz", "models/network.onnx", "models/README.md"}
    with zipfile.ZipFile(str(wheel)) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = sources | {name.replace("models", "landmark_emotion/shipped") for name in shipped}
    compare(wheel.name, inside, expected)
    with tarfile.open(str(sdist)) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    inside = {n for n in names if ".egg-info/" not in n and n not in ("PKG-INFO", "setup.cfg")}
    figures = {"models/default.json", "models/network.json"}
    expected = sources | shipped | figures | {"data/README.md"}
    expected |= files_in("tests", ".py") | files_in("benchmarks", ".py") | files_in("tools", ".py")
    expected |= files_in("docs", "", ".md", ".py", ".png", ".ipynb") | {"LICENSE", "MANIFEST.in"}
    expected |= {path.name for path in HERE.iterdir() if path.suffix in (".md", ".py", ".toml")}
    compare(sdist.name, inside, expected)


def files_in(folder, *suffixes):
    """Return the names of the files below a folder, all of them or those of some suffixes."""
    return {
        path.relative_to(HERE).as_posix()
        for path in (HERE / folder).rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and (not suffixes or path.suffix in suffixes)
    }


def compare(name, inside, expected):
    """Refuse an archive whose contents are not as expected."""
    if inside != expected:
        missing, unexpected = sorted(expected - inside), sorted(inside - expected)
        raise TaskError(f"{name}: missing {missing}, unexpected {unexpected}")


def program(*arguments):
    """Run a command of the project."""
    python("-m", "landmark_emotion", *map(str, arguments))


def python(*arguments, **environment):
    """Run the Python of .venv."""
    run(python_of(VENV), *arguments, **environment)


def run(*command, where=HERE, **environment):
    """Run a program; its failure ends the job."""
    try:
        subprocess.run(command, cwd=str(where), check=True, env={**os.environ, **environment})
    except OSError as error:
        raise TaskError(f"{command[0]}: cannot be started ({error.strerror})") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
