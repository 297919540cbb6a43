"""The whole service on real parts: PostgreSQL, Rasa, API, worker, Twilio simulator, each a process of its own."""
