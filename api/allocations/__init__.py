"""Who is whose personal adviser: handed over and ended, never overwritten."""
