"""A Python application, looked at from a page: imported, called in memory, and judged.

What lives here: finding it by its name, calling it, what it tells about itself, the eight
questions, and the change in its source. What does not: serving it (``server``).
"""
