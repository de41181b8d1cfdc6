"""What the kinds of stages are like: a module a kind, and the registry."""
