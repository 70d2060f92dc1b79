"""What damaged files do to whoever reads them: seeds, ways to damage them, and the readers."""
