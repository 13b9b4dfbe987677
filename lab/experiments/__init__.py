"""The experiments, one folder a wing."""
