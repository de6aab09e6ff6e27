"""A Discord on this machine: REST, gateways, voice with DAVE, and members."""
