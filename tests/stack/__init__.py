"""Starts the whole service on this machine: for `make run`, fault tests and benchmarks."""
