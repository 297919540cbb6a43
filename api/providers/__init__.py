"""Providers of homes and their registration with Ofsted."""
