"""The browser page and its HTTP API; needs the extra ``web``.

Frames arrive as JPEG over a WebSocket, photos as the body of a request. Both are decoded and
recognized in memory, and never stored.
"""
