"""A page's question put to a server, and all that is found out about it.

What lives here: what else is asked besides the page's own requests, which layer answered,
and which change helps, in words and as lines of a stack. What does not: sending (``net``)
and the browser's judgement (``browser``). ``report`` is the way in.
"""
