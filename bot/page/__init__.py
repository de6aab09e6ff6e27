"""The web page on which a member reads a call's captions live and hears its voice."""
