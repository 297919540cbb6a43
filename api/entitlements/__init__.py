"""Entitlements: what a young person may claim, and what they have claimed."""
