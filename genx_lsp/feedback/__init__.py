"""What the user accepted, edited or dismissed; never leaves the machine."""
