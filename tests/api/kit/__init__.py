"""Tests of the ground the features stand on."""
