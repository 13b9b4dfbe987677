"""Neighbours, trees, crowds."""
