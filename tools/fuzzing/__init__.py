"""Damaged files for `tools.damage` and `tools.fuzz`: seeds, mutations and readers."""
