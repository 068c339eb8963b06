"""What Alembic runs: the changes that a database lacks, in the connection that it is given."""

from alembic import context

given = context.config.attributes
context.configure(connection=given["connection"], target_metadata=given.get("metadata"), render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
