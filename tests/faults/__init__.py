"""Kills and hinders the parts of the running service while texts come in, and reads the ledger afterwards."""
