"""Commands that stress the program or show it: ``python -m tools.NAME``."""
