"""What the host does beside a running bot: `parley guilds`."""
