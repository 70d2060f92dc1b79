"""The help of every command: groups of options, examples, a short usage."""

import argparse
import textwrap
from typing import Any

INPUT, OUTPUT, CALIBRATION, TUNING = "input", "output", "calibration", "tuning"
"""The groups of options in the help of every command."""


class HelpFormatter(argparse.HelpFormatter):
    """Keeps lines that are indented, such as examples, and fills all other text."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = [
            line if line.startswith(" ") else textwrap.fill(line, width)
            for line in text.splitlines()
        ]
        return "\n".join(indent + line for line in filled)


class CommandParser(argparse.ArgumentParser):
    """The parser of a command, with the groups of options in their order."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": HelpFormatter, **options})
        for title in (INPUT, OUTPUT, CALIBRATION, TUNING):
            self.add_argument_group(title)

    def format_usage(self) -> str:
        """Return the usage without the options, which the help lists in groups."""
        self._shorten_usage()
        return super().format_usage()

    def format_help(self) -> str:
        """Return the help with the usage of `format_usage`."""
        self._shorten_usage()
        return super().format_help()

    def _shorten_usage(self) -> None:
        forms = {None: "{0}", "?": "[{0}]", "+": "{0} [{0} ...]"}
        inputs = [
            forms[action.nargs].format(action.metavar or action.dest.upper())
            for action in self._actions
            if not action.option_strings and action.nargs in forms
        ]
        self.usage = " ".join(["%(prog)s", "[options]", *inputs])


def group(parser: argparse.ArgumentParser, title: str) -> "argparse._ArgumentGroup":
    """Return a group of options by its title, which is added if need be."""
    for known in parser._action_groups:
        if known.title == title:
            return known
    return parser.add_argument_group(title)


def examples(*lines: str, more: str = "") -> str:
    """Return the end of a command's help: examples without the program's name, and a remark."""
    shown = "\n".join(f"  landmark-emotion {line}" for line in lines)
    return f"examples:\n{shown}" + (f"\n\n{more}" if more else "")
