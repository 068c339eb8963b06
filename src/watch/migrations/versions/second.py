"""What the pages of a site need: searches, corrections, tokens, and what cameras are like now."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

PAGES = {
    "sighting_page": ["first_at", "id", "form"],
    "sighting_page_by_form": ["form", "first_at", "id"],
    **{f"sighting_page_by_{one}": [one, "first_at", "id", "form"] for one in ("camera", "region")},
}
#: Compared byte by byte, so that the index finds beginnings.
FORM = sa.String().with_variant(sa.String(collation="C"), "postgresql")
#: As they are taken for each other in this version.
GROUPS = ("0ODQ", "1IJLT", "2Z7", "4A", "5S", "6G", "8B")


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sha256"),
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sighting_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["sighting_id"], ["sighting.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_correction_sighting_id", "correction", ["sighting_id"])
    figures = {"width": sa.Integer, "height": sa.Integer, "frames_per_s": sa.Double, "behind_s": sa.Double}
    for name, kind in figures.items():
        op.add_column("camera", sa.Column(name, kind(), nullable=True))
    op.add_column("sighting", sa.Column("corrected_text", sa.String(), nullable=True))
    op.add_column("sighting", sa.Column("form", FORM, nullable=False, server_default=""))
    op.add_column("list_entry", sa.Column("canonical", sa.String(), nullable=False, server_default=""))
    _fill()
    op.drop_index("ix_sighting_first_at", "sighting")
    for name, columns in PAGES.items():
        op.create_index(name, "sighting", columns)
    op.create_index("list_entry_by_text", "list_entry", ["list", "canonical"])
    op.create_index("alert_by_state", "alert", ["state", "id"])
    op.create_index("alert_by_list", "alert", ["list", "id"])
    op.create_index("visit_by_state", "visit", ["state", "id"])


def _fill() -> None:
    """What the rows that are there have in the new columns."""
    form = "upper(canonical)"
    for group in GROUPS:
        for one in group[1:]:
            form = f"replace({form}, '{one}', '{group[0]}')"
    op.execute(f"UPDATE sighting SET form = {form}")
    entry = sa.table("list_entry", sa.column("id"), sa.column("text"), sa.column("canonical"))
    connection = op.get_bind()
    for identifier, text in connection.execute(sa.select(entry.c.id, entry.c.text)).all():
        connection.execute(sa.update(entry).where(entry.c.id == identifier).values(canonical=_canonical(text)))


def _canonical(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).upper()
    kept = "".join(character for character in plain if character.isalnum() and character.isascii())
    return kept.replace("O", "0").replace("I", "1")


def downgrade() -> None:
    """Undo it."""
    op.drop_index("visit_by_state", "visit")
    op.drop_index("alert_by_list", "alert")
    op.drop_index("alert_by_state", "alert")
    op.drop_index("list_entry_by_text", "list_entry")
    for name in PAGES:
        op.drop_index(name, "sighting")
    op.create_index("ix_sighting_first_at", "sighting", ["first_at"])
    for table, columns in (
        ("list_entry", ("canonical",)),
        ("sighting", ("form", "corrected_text")),
        ("camera", ("behind_s", "frames_per_s", "height", "width")),
    ):
        for column in columns:
            op.drop_column(table, column)
    op.drop_table("correction")
    op.drop_table("token")
