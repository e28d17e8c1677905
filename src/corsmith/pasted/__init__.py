"""Whatever a person pastes: console lines, a curl command, ``fetch(…)``, a HAR, a URL.

What lives here: reading each of them, what it likely means, and what could be asked. What
does not: asking (``inquiry``). ``text`` is the way in; ``recording`` reads a HAR.
"""
