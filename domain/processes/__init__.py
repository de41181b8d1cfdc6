"""What the kinds of durable processes are like: a module a kind, and the registry."""
