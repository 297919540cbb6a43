"""Reading a council's files in and writing its returns."""
