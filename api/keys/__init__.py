"""The data keys that fields are encrypted with: filled in once, wrapped anew, destroyed."""
