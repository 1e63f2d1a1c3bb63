"""The words of three classes that a small model can learn to tell apart."""

SUBJECTS = {
    "cooking": "boil salt pan oven bread soup knead taste simmer flour",
    "sailing": "mast wind harbour rope tide deck anchor sail knot storm",
    "chess": "pawn king rook check castle board queen move opening mate",
}
