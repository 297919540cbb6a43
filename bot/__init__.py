"""The assistant: Rasa's dialogue engine behind one small HTTP door."""
