"""How models of texts are compressed."""

from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.data.tables.reading import Reading
from kerastc.data.texts.duplicates import normal_text
from kerastc.data.texts.text_file import further_texts
from kerastc.errors import UserError
from kerastc.inputs.compression import CompressedInput, TargetsOf
from kerastc.inputs.text import UNIT
from kerastc.inputs.text.splicing import spliced
from kerastc.run import Run
from kerastc.tasks import TASKS
from kerastc.text.tokenizer import Tokenizer
from kerastc.training.config import FineTuningConfig

if TYPE_CHECKING:
    import keras

    from kerastc.data.splits import Splits
    from kerastc.data.texts.texts import LabelledTexts
    from kerastc.inputs.text.batches import TextBatches
    from kerastc.text.encoded import Encoded
    from kerastc.training.teacher import Teaching


class CompressedText(CompressedInput):
    """See `CompressedInput`.

    Attributes:
        tokenizer: of the current model; a step may replace it.
    """

    learning_rate = 1e-4
    # Deeply cut models learn better at twice the usual peak of the rate.
    recovery = "recover:epochs={},learning_rate=2e-4"
    quantizations = ("float16", "int8", "int8-static", "int4-tables", "int4")
    # "recover" as far as the user allows.
    beginnings = (
        {"quantize": 1},
        {"vocabulary": 1, "embedding": 2, "quantize": 1},
        {"vocabulary": 1, "embedding": 2, "recover": 9, "quantize": 1},
        {"vocabulary": 1, "embedding": 2, "layers": 0.3, "recover": 9, "quantize": 1},
        {"vocabulary": 1, "embedding": 2, "layers": 0.5, "recover": 9, "quantize": 1},
        {"vocabulary": 1, "embedding": 2, "neurons": 2, "recover": 9, "quantize": 1},
        {"vocabulary": 1, "embedding": 2, "recover": 9, "quantize": 3},
        {"vocabulary": 2, "embedding": 3, "layers": 0.5, "neurons": 2, "recover": 9, "quantize": 1},
    )

    unit = UNIT

    given: FineTuningConfig
    tokenizer: Tokenizer

    @property
    def config(self) -> FineTuningConfig:
        return self.given.model_copy(update={"max_tokens": self.preprocessing["max_tokens"]})

    def read(self, run: Run) -> None:
        super().read(run)
        self.tokenizer = Tokenizer.read(run.path("tokenizer"))

    def write(self, run: Run) -> None:
        with run.writing("tokenizer") as path:
            self.tokenizer.save(path)

    def batches(self, examples: Sequence[str], targets_of: TargetsOf) -> "TextBatches":
        return self._batches(examples, targets_of, self.config)

    def training_batches(
        self,
        examples: Sequence[str],
        targets_of: TargetsOf,
        config: FineTuningConfig,
        teaching: "Teaching",
    ) -> "TextBatches":
        share = config.masking if teaching.masking is None else teaching.masking
        if share and self.tokenizer.mask_id is None:
            raise UserError(
                f"masking={share:g}, but the encoder's tokenizer has no mask.", "Give masking=0."
            )
        return self._batches(examples, targets_of, config, seed=config.seed, share=share)

    def _batches(self, examples, targets_of, config, seed=None, share=0.0) -> "TextBatches":
        tokens = self.encoded(examples, self.tokenizer, config.max_tokens)
        batched = TASKS[config.task].input_part("batches").batched
        segments = self.preprocessing.get("segments", False)  # whether the model reads them
        targets = targets_of(tokens)
        return batched(tokens, self.tokenizer, config, targets, segments, seed=seed, masking=share)

    def unlabelled(self, splits: "Splits", teaching: "Teaching") -> np.ndarray:
        more = [splits.train.examples[:0]]
        if teaching.augment:
            own = splits.train.examples
            more.append(spliced(own, teaching.augment * len(own), teaching.seed))
        if teaching.unlabelled:
            more.append(self._of_file(teaching.unlabelled, splits))
        return np.concatenate(more)

    def _of_file(self, path: str, splits: "Splits") -> np.ndarray:
        """The examples of a file, except those that are in validation or test."""
        held_out = [splits.validation, splits.test]
        known = set().union(*(self._seen(part.examples) for part in held_out))
        found = self._further(path)
        found = found[[seen not in known for seen in self._seen(found)]]
        if not len(found):
            raise UserError(f"{path} has no {self.unit} that is not in validation or test, too.")
        return found

    def _further(self, path: str) -> np.ndarray:
        """The examples of a file, which have no labels."""
        return np.array(further_texts(path, Reading.of(self.preprocessing)), dtype=object)

    def _seen(self, examples: Sequence[str]) -> list[Hashable]:
        """What the model sees of each example, without case and punctuation."""
        return [normal_text(text) for text in self.config.seen(examples)]

    def with_backbone(self, splits: "Splits", backbone: str, seed: int) -> "keras.Model":
        from kerastc.models import load_encoder
        from kerastc.training.fine_tuning import preprocessing

        encoder = load_encoder(backbone, self.config.pairs)
        changed = {"trainable": "all", "seed": seed, "head": "new"}
        if self.config.pooling == "pooler":
            changed["pooling"] = "first"  # the other encoder may have no pooler
        config = self.config.within(encoder.max_length).model_copy(update=changed)
        head = TASKS[config.task].output_part("head")
        student = head.text_model(encoder, splits.train.classes, config)
        self.tokenizer = encoder.tokenizer
        kept = {"max_characters": self.preprocessing["max_characters"]}
        self.preprocessing = preprocessing(encoder, config, splits.data.reading) | kept
        return student

    @property
    def read_at_once(self) -> int:
        """The most tokens that the encoder reads at once."""
        return self.config.read_at_once

    def encoded(self, examples: Sequence[str], tokenizer: Tokenizer, length: int) -> "Encoded":
        """The tokens of examples, prepared as for the model, by another tokenizer."""
        return self.config.encoded(tokenizer, examples, length)

    def encoded_texts(self, texts: Sequence[str], tokenizer: Tokenizer, length: int) -> "Encoded":
        """The tokens of texts that are not examples, prepared in the same way."""
        return tokenizer.encode(self.config.preparation.apply(texts), length)

    def names(self, rows: "LabelledTexts") -> np.ndarray:
        return rows.examples

    def content(self, examples: Sequence[str]) -> Iterator[bytes]:
        return (text.encode("utf-8", "surrogatepass") + b"\0" for text in examples)

    def figures(self, splits: "Splits") -> dict[str, Any]:
        return {"max_tokens": self.preprocessing["max_tokens"]}


INPUT = CompressedText
