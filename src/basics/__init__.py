"""What every part uses, and what uses no part."""
