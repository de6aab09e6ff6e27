"""What people see in Discord: answers, panel, notices, menus, and the permissions they need."""
