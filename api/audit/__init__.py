"""Who saw or changed what of whom: recorded in the same transaction, sealed, checked."""
