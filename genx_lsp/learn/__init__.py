"""Offline: augment, train, export, gate. Torch is imported here only, and only when training begins."""
