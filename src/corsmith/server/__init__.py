"""The server of ``corsmith serve``, and the page to try it from."""
