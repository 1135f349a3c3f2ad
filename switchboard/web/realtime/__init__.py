"""What is told at once: the hub, which knows no protocol, and the protocols on it."""
