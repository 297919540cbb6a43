"""Texts in and out, receipts, opt-outs."""
