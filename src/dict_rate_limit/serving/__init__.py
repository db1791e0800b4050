"""HTTP servers of a process: probes, metrics, RSGI, and files that change while it runs."""
