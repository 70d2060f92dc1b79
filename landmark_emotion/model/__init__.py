"""Landmarks in, probabilities and reasons out; numpy alone."""
