"""Optional: a small network that classifies the picture of a face."""
