"""What cards and transforms may import from Karuta."""

from dataclasses import dataclass

_tell = None  # takes a fraction and a text while a transform runs


@dataclass
class HTMLResult:
    """A card's answer when more is to be said than the HTML alone.

    used_columns: names of the columns that the card shows; None means all.
    filter_applicable: False when page filters have no meaning for this card.
    """

    html: str
    used_columns: list | None = None
    filter_applicable: bool = True


def progress(fraction, text=""):
    """Tells those who watch a transform how far it is (0 to 1) and what it does. In a card nothing happens."""
    if _tell is not None:
        _tell(float(fraction), str(text))
