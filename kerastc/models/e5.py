"""The encoder of multilingual-e5-small; see `e5_file`."""

from pathlib import Path

from kerastc.models.bert import bert
from kerastc.models.converted import TOKENS
from kerastc.models.e5_file import FILE, Q4
from kerastc.models.sequence_encoder import SequenceEncoder
from kerastc.models.token_cut import TokenCut, Wanted, token_cut
from kerastc.text.tokenizer import Tokenizer


def read_e5(
    folder: Path, segments: bool = False, wanted: Wanted | None = None
) -> tuple[SequenceEncoder, Tokenizer, TokenCut | None]:
    """The encoder, its tokenizer and the tokens that it lacks, from a folder with a verified file.

    Args:
        segments: as in `kerastc.models.bert.bert`.
        wanted: as in `kerastc.models.token_cut.token_cut`.
    """
    path = folder / FILE
    file = Q4.read(path)
    tokenizer, cut = token_cut(
        file.tokenizer(), file.sizes["rows"], lambda: Q4.read(path).tensor(TOKENS), wanted
    )
    tensor = file.tensor if cut is None else cut.tensor(file.tensor)
    return bert(tensor, file.config, segments), tokenizer, cut
