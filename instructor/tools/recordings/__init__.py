"""The recordings: each module has `RECORDINGS`, a function without arguments by the name of what it records."""
