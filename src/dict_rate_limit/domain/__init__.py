"""Pure values and rules of the monitored rate limits; see README.md in this folder."""
