"""The notebooks in docs/notebooks run, and what they show is fit to be published."""

import base64
import importlib.util
import json
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MACHINE_PATH = re.compile(r"(?<![\w.:<])/\w+/\w|[A-Z]:\\|site-packages")


def check_outputs(path):
    """Check that all cells were run in order and show results only, none of them large."""
    code = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if "outputs" in cell]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {
        *("stream", "display_data", "execute_result")
    }
    assert {output.get("name", "stdout") for output in outputs} == {"stdout"}  # no warnings
    for output in outputs:
        for kind, data in {"text": output.get("text", ""), **output.get("data", {})}.items():
            if kind == "image/png":
                assert len(base64.b64decode(data)) < 100_000
            else:
                assert not MACHINE_PATH.search("".join(data))


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["honest-evaluation", "landmarks-to-svm"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_have_no_error_warning_or_machine_path(path):
    check_outputs(path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_have_targets(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    assert targets
    for target in targets:
        assert (FOLDER / target).exists(), target


@pytest.mark.slow
def test_all_cells_run_without_error_or_warning(spawn, tmp_path):
    for package in ("ipykernel", "matplotlib", "nbclient", "nbformat"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed; the extra 'notebooks' has it")
    folders = {"IPYTHONDIR": "ipython", "JUPYTER_RUNTIME_DIR": "runtime"}
    env = {name: str(tmp_path / folder) for name, folder in folders.items()}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = spawn(FOLDER / "execute.py", tmp_path, env=os.environ | env)
    _, err = process.communicate(timeout=1200)
    assert process.returncode == 0, err
    for path in NOTEBOOKS:
        check_outputs(tmp_path / path.name)
