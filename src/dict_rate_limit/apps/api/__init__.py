"""The read side over HTTP: JSON for programs, a page for people."""
