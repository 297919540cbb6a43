"""Calendars: appointments for the calendar of a phone or a desk, without a name, a place or a reason."""
