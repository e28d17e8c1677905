"""Benchmarks: `make bench` compares with peers and with our own floor, each in one run."""
