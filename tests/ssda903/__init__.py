"""The SSDA903 files before an outside judge, which runs in an environment of its own."""
