"""Image files, cameras and videos become frames."""
