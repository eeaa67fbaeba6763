"""What a card may import from Karuta."""

from dataclasses import dataclass


@dataclass
class HTMLResult:
    """A card's answer when more is to be said than the HTML alone.

    used_columns: names of the columns that the card shows; None means all.
    filter_applicable: False when page filters have no meaning for this card.
    """

    html: str
    used_columns: list | None = None
    filter_applicable: bool = True
