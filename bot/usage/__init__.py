"""What was spent: counted, limited, priced and reported."""
