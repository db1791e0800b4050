"""Every port in memory, for trials and one-machine use. The contract tests are the same as for the others."""
