"""The last reading of a participant, for any number of clients."""
