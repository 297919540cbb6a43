"""Needs assessments: what must be considered, who was asked and what they said."""
