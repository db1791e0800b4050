"""Pages for people: rendered on the server, no script, nothing loaded from outside."""
