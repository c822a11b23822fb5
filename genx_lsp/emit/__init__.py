"""What survived, as pytest files and minimal edits in the project's own style."""
