"""What `make` runs: the environment, the suite, the partners, the planted bugs."""
