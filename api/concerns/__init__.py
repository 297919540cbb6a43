"""The safety screen and the concerns it raises."""
