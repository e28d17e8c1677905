"""The gateway: one fixed upstream behind a CORS policy, for an API that cannot be changed.

What lives here: ``serving``, what the command line makes; ``forward``, the application; and
what they judge and rewrite with. What does not: CORS itself (``adapters.asgi``).
"""
