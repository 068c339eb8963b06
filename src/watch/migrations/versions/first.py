"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

UNDELIVERED = sa.text("delivered_at IS NULL")


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "camera",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resume_s", sa.Double(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "list",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "outgoing",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "sighting",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("canonical", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("direction", sa.String(), nullable=True),
        sa.Column("crossings", sa.JSON(), nullable=False),
        sa.Column("speed_kmh", sa.Double(), nullable=True),
        sa.Column("speed_error_kmh", sa.Double(), nullable=True),
        sa.Column("frame", sa.String(), nullable=True),
        sa.Column("frame_sha256", sa.String(), nullable=True),
        sa.Column("crop", sa.String(), nullable=True),
        sa.Column("crop_sha256", sa.String(), nullable=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("gate_opened", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sighting_first_at"), ["first_at"], unique=False)
        batch_op.create_index("sighting_by_camera", ["camera", "last_at"], unique=False)
        batch_op.create_index("sighting_by_text", ["canonical", "first_at"], unique=False)

    op.create_table(
        "alert",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sighting_id", sa.String(), nullable=False),
        sa.Column("list", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("entry_text", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("distance", sa.Double(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["sighting_id"], ["sighting.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sighting_id", "list", "entry_text"),
    )
    op.create_table(
        "delivery",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("output", sa.String(), nullable=False),
        sa.Column("camera", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["number"], ["outgoing.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", "output"),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            "delivery_waiting",
            ["output", "camera", "number"],
            unique=False,
            sqlite_where=UNDELIVERED,
            postgresql_where=UNDELIVERED,
        )

    op.create_table(
        "list_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["list"], ["list.name"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("list", "text"),
    )
    op.create_table(
        "passage",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sighting_id", sa.String(), nullable=False),
        sa.Column("from_id", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("speed_kmh", sa.Double(), nullable=True),
        sa.Column("error_kmh", sa.Double(), nullable=True),
        sa.Column("limit_kmh", sa.Double(), nullable=True),
        sa.Column("wrong_way", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["from_id"], ["sighting.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["sighting_id"], ["sighting.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("passage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passage_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_passage_sighting_id"), ["sighting_id"], unique=False)

    op.create_table(
        "visit",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("canonical", sa.String(), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=True),
        sa.Column("exit_id", sa.String(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("minutes", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["sighting.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["exit_id"], ["sighting.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_entry_id"), ["entry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_exit_id"), ["exit_id"], unique=False)
        batch_op.create_index("visit_open", ["state", "canonical"], unique=False)


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index("visit_open")
        batch_op.drop_index(batch_op.f("ix_visit_exit_id"))
        batch_op.drop_index(batch_op.f("ix_visit_entry_id"))

    op.drop_table("visit")
    with op.batch_alter_table("passage", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passage_sighting_id"))
        batch_op.drop_index(batch_op.f("ix_passage_at"))

    op.drop_table("passage")
    op.drop_table("list_entry")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(
            "delivery_waiting",
            sqlite_where=UNDELIVERED,
            postgresql_where=UNDELIVERED,
        )

    op.drop_table("delivery")
    op.drop_table("alert")
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.drop_index("sighting_by_text")
        batch_op.drop_index("sighting_by_camera")
        batch_op.drop_index(batch_op.f("ix_sighting_first_at"))

    op.drop_table("sighting")
    op.drop_table("outgoing")
    op.drop_table("list")
    op.drop_table("lease")
    op.drop_table("camera")
    op.drop_table("audit")
