"""Fifteen Plus: the service."""
