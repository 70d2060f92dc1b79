"""Files: written whole or not at all, read with bounds, and the cache."""
