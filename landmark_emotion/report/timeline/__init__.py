"""The emotions of faces over time: read from result rows, summed up and drawn."""
