"""``python -m corsmith``, and the program ``corsmith``."""

from corsmith.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main(prog_name="corsmith")
