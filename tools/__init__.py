"""What breaks things or shows them, one command each: ``python -m tools.NAME``."""
