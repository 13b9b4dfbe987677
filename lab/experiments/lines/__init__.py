"""Lines and likelihood."""
