"""What was saved, what is running, what was found: immutable snapshots."""
