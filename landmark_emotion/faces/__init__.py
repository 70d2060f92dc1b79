"""A frame becomes faces with landmarks; the only room that imports dlib."""
