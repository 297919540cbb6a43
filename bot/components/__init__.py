"""Our own Rasa components."""
