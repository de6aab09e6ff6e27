"""Discord's HTTP API, one file per resource."""
