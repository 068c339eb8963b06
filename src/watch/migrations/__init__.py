"""How the database of a site changes from version to version (Alembic)."""
