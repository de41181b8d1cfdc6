"""What pages read, each in as few statements as it takes. What may not be seen is not fetched."""
