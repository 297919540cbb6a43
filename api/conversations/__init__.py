"""One person's thread: the bot or a person holds it."""
