"""Data that experiments train on."""
