"""Tests of what the law asks, and by when."""
