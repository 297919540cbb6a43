"""Data keys: an older database is encrypted, keys are wrapped anew, a person is erased."""
