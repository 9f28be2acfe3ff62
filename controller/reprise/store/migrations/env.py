"""Alembic's entry point; `Database.migrate` hands over its open connection."""

from alembic import context

from reprise.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
