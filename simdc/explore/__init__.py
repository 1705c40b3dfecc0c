"""Spaces of machines: which there are, what networks cost on each, which are the best. `docs/explore.md` says more."""
