"""Tests of the bot, in its own Python 3.10 environment, on real processes."""
