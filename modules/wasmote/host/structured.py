"""Content with more than blocks: imported by those who have it."""


class Content(list):
    """Content blocks, and the JSON text (bytes) of structured content beside them, or None."""

    structured = None

    def after(self, blocks):
        """The same with `blocks` before them; without any, structured content is there as a text, too."""
        if not blocks and not self and self.structured is not None:
            blocks = [str(self.structured, "utf-8")]
        self[0:0] = blocks
        return self
