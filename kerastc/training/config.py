"""The fields that every training recipe shares; a recipe extends them and sets its own defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pydantic
from pydantic import Field

from kerastc.settings import Config, IsLocation
from kerastc.tasks import TASKS
from kerastc.text.cutting import first_words
from kerastc.text.preparation import TextPreparation
from kerastc.text.words import encoded_words

if TYPE_CHECKING:
    from kerastc.text.encoded import Encoded
    from kerastc.text.tokenizer import Tokenizer

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Tokens = Annotated[int, Field(ge=4)] | None
Shape = Literal["constant", "linear", "cosine", "slanted"]
CUT = 0.1  # share of the updates until the peak of a slanted triangle
Backbone = Annotated[str, IsLocation(("minilm", "e5", "hf://", "kaggle://"))]


class EarlyStopping(pydantic.BaseModel):
    """When to stop before the last epoch. The best evaluation's weights are kept in any case."""

    model_config = Config.model_config

    metric: str | None = "val_loss"  # a column of history.csv; none: the task's main figure
    patience: Natural = 3  # evaluations without gain before the stop; 0: never
    min_delta: Annotated[float, Field(ge=0)] = 0.0  # the least change that counts as a gain


class TrainingConfig(Config):
    """Optimizer, schedule and stopping.

    Attributes:
        task: the task, a name in `kerastc.tasks.TASKS`.
        shared: whether several processes can divide its batches.
    """

    task: ClassVar[str]
    shared: ClassVar[bool] = False

    @property
    def decoding(self) -> dict[str, Any]:
        """What answers depend on besides the model's outputs: `Output.decoding`."""
        return {}

    epochs: Count = 15  # at most
    batch_size: Count = 32  # examples
    accumulation: Count = 1  # batches whose gradients are averaged into one update
    learning_rate: Positive = 5e-4  # the peak
    schedule: Shape = "linear"  # linear and cosine end at zero; slanted: ULMFiT's triangle
    warmup_steps: Natural = 0  # updates of linear rise from zero
    warmup_fraction: Fraction = 0.0  # the same as a share of all updates; give only one of the two
    weight_decay: Annotated[float, Field(ge=0)] = 0.01  # decoupled; none on norms and biases
    clip_norm: Annotated[float, Field(ge=0)] = 1.0  # of all gradients together; 0 does not clip
    label_smoothing: Share = 0.0  # share spread over all classes
    class_weights: Literal["none", "balanced"] = "none"  # balanced: rows / (classes * class's rows)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"  # of computing
    evaluate_every: Natural = 0  # batches between evaluations; 0: each epoch
    evaluation_rows: Natural = 0  # of validation, during training; 0: all
    keep_checkpoints: Count = 1  # how many best, evaluated at the end on all validation rows
    early_stopping: EarlyStopping = EarlyStopping()

    # Settings that a child run may change (`kerastc train --from`). All others fix the data, the
    # network, or the order of the batches.
    changeable: ClassVar[tuple[str, ...]] = (
        *("epochs", "learning_rate", "rate_decay", "head_rate", "schedule", "warmup_steps"),
        *("warmup_fraction", "weight_decay", "clip_norm", "label_smoothing", "class_weights"),
        *("dropout", "masking", "early_stopping", "evaluation_rows", "keep_checkpoints"),
    )

    @classmethod
    def usual(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """The peak of a slanted triangle is after a tenth (Howard and Ruder 2018, section 3.2)."""
        slanted = given.get("schedule") == "slanted" and not given.get("warmup_steps")
        return super().usual(given) | ({"warmup_fraction": CUT} if slanted else {})

    @pydantic.model_validator(mode="after")
    def one_warmup(self) -> "TrainingConfig":
        """Refuses two settings for the same thing."""
        if self.warmup_steps and self.warmup_fraction:
            raise ValueError(
                f"warmup_steps={self.warmup_steps} and warmup_fraction={self.warmup_fraction} are "
                "both given; give only one."
            )
        return self


# Values that suit the trained part of the network, by the validation texts of two small sets
# (docs/encoders.md). With those of the head `trainable=top_2` is best after epoch 3, then worse.
RATES = {
    "head": {"learning_rate": 5e-4, "epochs": 15},
    "top": {"learning_rate": 3e-4, "epochs": 5},
    "all": {"learning_rate": 1e-4, "epochs": 4},
}


class FineTuningConfig(TrainingConfig):
    """A pretrained encoder with a head for any task that reads tokens."""

    pairs: ClassVar[bool] = False  # whether an example is two texts
    # Where it is set: tokens that windows of a long text share. Else a text is cut.
    stride: ClassVar[int | None]

    train_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0  # of the training part only
    backbone: Backbone = "minilm"  # or e5, a KerasHub preset, hf://OWNER/MODEL, a folder, a run
    weights: Literal["published", "random"] = "published"  # of the backbone; random: untrained
    layers: Count | None = None  # of the backbone that are used, from the lowest; none: all
    trainable: str = "head"  # head: the encoder is frozen | top_K: and its top K layers | all
    rate_decay: Annotated[float, Field(ge=1)] = 1.0  # a layer's rate over that below; ULMFiT: 2.6
    head_rate: Positive = 1.0  # of the layers behind the encoder, a factor of their learning rate
    unfreeze: Literal["none", "gradual"] = "none"  # gradual: head first, one more layer each epoch
    pooling: Literal["mean", "first", "pooler"] = "mean"  # first: [CLS] | pooler: BERT's, of [CLS]
    head: Literal["new", "backbone"] = "new"  # backbone: its own classifier, to go on from
    hidden: Count | None = None  # head's units; none: the encoder's width
    dropout: Share = 0.2  # before the classifier
    masking: Share = 0.0  # share of training tokens; not with head
    preparation: TextPreparation = TextPreparation()  # of the texts, before the tokenizer
    max_tokens: Tokens = 128  # of a text; none: covers 99.7 % of them

    @classmethod
    def usual(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Rate and epochs that suit the trained part, where it is not the recipe's own choice."""
        usual = super().usual(given)
        if given.get("head") == "backbone":  # which has learned already
            usual = usual | {"head_rate": 1.0}
            if not TASKS[cls.task].output.by_word:
                usual = usual | {"pooling": "pooler"}
        trainable = str(given.get("trainable", cls.model_fields["trainable"].default))
        if trainable == cls.model_fields["trainable"].default:
            return usual
        return usual | RATES.get(trainable.split("_")[0], {})

    @pydantic.model_validator(mode="after")
    def layers_to_tell_apart(self) -> "FineTuningConfig":
        """Refuses settings for layers if only the head is trained."""
        given = [f"rate_decay={self.rate_decay:g}"] * (self.rate_decay != 1)
        given += [f"unfreeze={self.unfreeze}"] * (self.unfreeze != "none")
        if given and self.trainable == "head":
            raise ValueError(
                f"{' and '.join(given)} would change nothing: trainable=head trains no layer of "
                "the encoder; give trainable=all or top_K."
            )
        return self

    @pydantic.model_validator(mode="after")
    def layers_of_the_backbone(self) -> "FineTuningConfig":
        """Refuses settings of layers that the backbone brings with it."""
        own = {"pooling": "pooler", "head": "backbone"}
        given = [f"{name}={value}" for name, value in own.items() if getattr(self, name) == value]
        if given and self.layers is not None:
            raise ValueError(
                f"layers={self.layers} with {given[-1]}, which reads the backbone's last layer."
            )
        if given and self.hidden is not None:
            raise ValueError(
                f"hidden={self.hidden} with {given[-1]}: those layers have the backbone's units."
            )
        if self.head == "backbone" and self.pooling == "mean" and not self.by_word:
            raise ValueError(
                "head=backbone with pooling=mean: published classifiers do not read the mean. "
                "Leave pooling out; for DistilBERT's give pooling=first."
            )
        return self

    @property
    def read_at_once(self) -> int | None:
        """The most tokens that the encoder reads at once."""
        return self.max_tokens

    def longest(self, max_length: int) -> int:
        """The most tokens that a text can have with an encoder that reads `max_length` at once."""
        return max_length

    def covering(self, length: int) -> int:
        """The least `max_tokens` that texts of this length fit in."""
        return length

    def within(self, max_length: int) -> Self:
        """The same for an encoder that reads at most so many tokens at once."""
        return self.model_copy(update={"max_tokens": min(self.max_tokens, max_length)})

    @property
    def truncated(self) -> Self | None:
        """Settings by which a long text loses all that the encoder does not read at once.

        None if these are such.
        """
        return None

    @property
    def row_settings(self) -> dict[str, Any]:
        """What preprocessing.json also tells about how texts become rows."""
        return {}

    def architecture(self) -> dict:
        """The arguments of `kerastc.models.sequence_classifier` after encoder and classes."""
        return self.model_dump(include={"pooling", "trainable", "hidden", "dropout", "seed"})

    @property
    def shared_tokens(self) -> int | None:
        """The stride; None if a long text is cut."""
        return getattr(self, "stride", None)

    @property
    def by_word(self) -> bool:
        """Whether each word of a text has an answer, as `Output.by_word` says."""
        return TASKS[self.task].output.by_word

    def prepared(self, texts: Sequence[str]) -> np.ndarray:
        """The texts given to the tokenizer, (n,) object."""
        return self.preparation.apply(texts)

    def encoded(self, tokenizer: "Tokenizer", texts: Sequence[str], length: int) -> "Encoded":
        """The tokens of each text, prepared, and cut to a length or into windows of it."""
        if self.by_word:
            stride = tokenizer.possible_stride(self.shared_tokens, length)
            return encoded_words(tokenizer, texts, length, self.prepared, stride)
        return tokenizer.encode(self.prepared(texts), length)

    def cut_after(self, tokenizer: "Tokenizer") -> int:
        """The tokens after which a text is cut."""
        return self.max_tokens

    def seen(self, texts: Sequence[str]) -> np.ndarray:
        """The most that the model can see of each text, (n,) object: prepared and cut.

        A word has at least one token, and two of `max_tokens` are start and end, so nothing after
        that many words is seen. The word that marks how a text is capitalised is left out: texts
        that differ only in case count as equal everywhere.
        """
        shown = replace(self.preparation, capitals=False).apply(texts)
        if self.max_tokens and self.shared_tokens is None:
            shown[:] = [first_words(text, self.max_tokens - 2) for text in shown]
        return shown


class TextClassifierConfig(FineTuningConfig):
    """A pretrained encoder with a classification head, for single texts."""

    task: ClassVar[str] = "text-classification"
