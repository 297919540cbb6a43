"""Tests, and the tools that start the service on one machine."""
