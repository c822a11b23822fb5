"""Offline learning: augment, train, export, gate. Torch is imported here only."""
