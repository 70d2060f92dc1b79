"""What recognition costs and what it is worth; `benchmarks.live.__main__` tells how it is run."""
