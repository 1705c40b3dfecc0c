"""What a package outside simdc can add to it. pyproject.toml says under which names simdc finds it."""
