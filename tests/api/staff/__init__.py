"""The list of staff, their shifts and whose adviser they are."""
