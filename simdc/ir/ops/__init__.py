"""The ops of the dialect, one family a file."""
