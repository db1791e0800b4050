"""What a process reports about itself: metrics, traces and logs."""
