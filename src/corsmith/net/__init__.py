"""One request out, one answer back, over HTTP/1.1 or HTTP/2, exactly as given and with limits.

What lives here: the only code of the command line that opens a connection. What does not:
judging what came back (``browser``), and redirects, cookies and caches: nothing is followed,
kept or added.
"""
