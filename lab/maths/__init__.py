"""Maths that experiments share."""
