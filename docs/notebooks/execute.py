"""Execute the notebooks in this folder and store their outputs.

``python docs/notebooks/execute.py`` replaces the outputs; with a folder as argument the executed
notebooks are written there instead. Needs the extra ``notebooks``.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
TIMEOUT = 900  # seconds a cell may take


def execute(path: Path, target: Path) -> None:
    """Execute a notebook; an error in a cell ends the program and leaves the target as it was."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=TIMEOUT, record_timing=False, kernel_name="python3")
    client.execute(cwd=str(HERE))
    # The version of Python would differ on every machine.
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, target)


def main() -> None:
    """Execute all notebooks."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    for path in sorted(HERE.glob("*.ipynb")):
        execute(path, folder / path.name)
        print(f"{path.name}: executed", flush=True)


if __name__ == "__main__":
    main()
