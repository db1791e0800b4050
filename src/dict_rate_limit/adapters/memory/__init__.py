"""Every port in memory: shipped for trials and one-machine use, held to the same contracts as the real ones."""
