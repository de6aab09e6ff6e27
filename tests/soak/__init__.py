"""`make soak MINUTES=n`: a bot under every fault at once, and whether anything is lost or kept."""
