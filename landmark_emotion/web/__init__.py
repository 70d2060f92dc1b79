"""The page in the browser and its server; comes with the extra ``web``.

Pictures come in as JPEG frames over a WebSocket or as one body of a request, are judged in memory
and dropped. Nothing that a request brings reaches the file system.
"""
