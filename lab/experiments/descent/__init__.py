"""Descent: how training moves."""
