"""Build the jail: what it shows, how it is started. Nothing here runs code under test."""
