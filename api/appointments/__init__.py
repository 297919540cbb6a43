"""Appointments: what is booked."""
