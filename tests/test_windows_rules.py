"""The stand-in for Windows refuses what Windows refuses, and nothing else."""

import sys
from pathlib import Path

import pytest

RULES = Path(__file__).parent / "windows_rules"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")

OPEN = "import os, pathlib; held = open('there', 'wb'); "
WITHIN = "exec({!r}, {{'__name__': 'landmark_emotion.x'}})"


@pytest.mark.parametrize(
    ("action", "refused"),
    [
        (OPEN + "pathlib.Path('new').touch(); os.replace('new', 'there')", "it is open in process"),
        (OPEN + "os.remove('there')", "it is open in process"),
        (OPEN + "held.close(); os.remove('there')", None),
        ("import os; os.fork()", "Windows has no fork"),
        ("open('aux.jpg', 'w')", "Windows has no such names"),
        ("import os; os.mkdir('a:b')", "Windows has no such names"),
        ("open('auxiliary.jpg', 'w')", None),
        (OPEN + "os.fsync(held)", None),
        (OPEN + "os.fsync(open('there', 'rb'))", "open for reading only"),
    ],
)
def test_what_windows_refuses(spawn, action, refused):
    environment = {"PYTHONPATH": str(RULES)}
    said = spawn("-c", WITHIN.format(action), env=environment).communicate()[1]
    assert (refused in said) if refused else not said
    # What others than the package do is their own matter.
    assert not spawn("-c", action, env=environment).communicate()[1]
