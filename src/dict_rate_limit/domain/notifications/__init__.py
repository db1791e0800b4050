"""Who is notified of a transition: channels, routing and silences."""
