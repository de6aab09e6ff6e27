"""What a server and its members set, and how long anything of them is kept."""
