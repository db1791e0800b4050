"""The HTTP servers of a process, and files that are read again when they change."""
