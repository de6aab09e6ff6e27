"""What hearing costs, beside the least that it can cost and beside what else there is."""
