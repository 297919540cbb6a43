"""Tests of the service, by feature."""
