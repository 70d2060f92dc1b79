"""A folder of faces becomes a model and its scores."""
