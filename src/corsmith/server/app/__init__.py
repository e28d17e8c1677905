"""A Python application as something to serve: ``corsmith serve main:app``."""
