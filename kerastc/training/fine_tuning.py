"""Fine-tunes a pretrained encoder with a head: from split examples to a usable run.

The examples are texts, pairs, documents or questions; the answers classes, tags or spans.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerastc.data import LabelledTexts
from kerastc.data.tables.reading import Reading
from kerastc.inputs.text.batches import covering_length
from kerastc.models import Encoder, split_at_features
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.tasks import TASKS
from kerastc.text.preparation import TextPreparation
from kerastc.text.unseen import known_rows, unseen
from kerastc.text.word_rules import PUNCTUATION
from kerastc.training.baseline import bag_of_words
from kerastc.training.config import FineTuningConfig, TrainingConfig
from kerastc.training.groups import layer_groups
from kerastc.training.split_batches import feature_batches, token_batches
from kerastc.training.task_training import TaskTraining, costs
from kerastc.training.task_training import save as save_model
from kerastc.training.token_table import encoder_for
from kerastc.training.trained import Trained
from kerastc.training.truncation import compared

if TYPE_CHECKING:
    from kerastc.data.splits import Splits
    from kerastc.text.tokenizer import Tokenizer


def fine_tuned(splits: "Splits", config: FineTuningConfig, run: Run) -> Trained:
    """Trains the head of the config's task on top of its pretrained encoder, or both together.

    Args and errors as in `train_on_tokens`.
    """
    encoder = encoder_for(splits, config, run)
    head = TASKS[config.task].output_part("head")
    model = head.text_model(encoder, splits.data.classes, config)
    return train_on_tokens(model, encoder, splits, config, run)


def train_on_tokens(
    model: keras.Model,
    encoder: Encoder,
    splits: "Splits",
    config: FineTuningConfig,
    run: Run,
) -> Trained:
    """Fits the model on `splits.train`, chooses the checkpoint on `splits.validation`.

    A frozen encoder (`trainable=head`) runs over each example only once: its features come from
    `run.cache`, and only the head is fitted. Otherwise the whole model is fitted, on batches cut
    to their longest example. Where each word gets an answer it always is, since features are
    cached per text; there is no bag of words to compare with either. For documents a second head
    is fitted to features of their first tokens, for comparison.

    Args:
        model: of the `text_model` of the output's head.
        encoder: the encoder in the model.
        splits: test rows are used once, after training.
        config: hyperparameters.
        run: gets history, checkpoints, model.keras, tokenizer and preprocessing.json.
    """
    # Before the model's tokens and gradients are in memory.
    baseline = None if config.by_word else bag_of_words(splits, config, run)
    keras.utils.set_random_seed(config.seed)
    config = config.model_copy(
        update={"max_tokens": config.max_tokens or covering_tokens(splits.train, encoder, config)}
    )
    encoder.require(config.read_at_once)
    _tell_unseen(splits, encoder, config, run)
    fitted, batches = model, token_batches(splits, encoder, config)
    head = TASKS[config.task].output_part("head")
    unlearned = head.unlearned(splits.train.labels, batches["train"].inputs)
    if not run.inner:
        for what, count in unlearned.items():
            tell(f"{what}: {count:,}")
    _note(unlearned, run)
    frozen = config.trainable == "head" and not config.by_word
    if frozen:
        features, fitted = split_at_features(model)
        if compares := config.truncated is not None and not run.inner:
            untrained = keras.models.clone_model(fitted)
            untrained.set_weights(fitted.get_weights())
        batches = feature_batches(features, encoder, batches, config, run)
    train, validation = batches["train"], batches["validation"]
    groups = layer_groups(model, config, len(train))
    training = TaskTraining(config, splits.train.classes, run)
    choice, figures = training.fit(fitted, train, validation, groups=groups)
    validated = training.decoded(choice.outputs, validation)
    answers = {
        "validation": training.decide(splits.validation.labels, validated),
        "test": training.asked(fitted, batches.get("test"), "Testing"),
    }
    method = {}
    if frozen and compares:
        method = compared(answers, features, untrained, encoder, splits, config, run)
    whole, tokenizer = encoder.restored(model)
    settings = preprocessing(encoder, config, splits.data.reading, training.output.decoding)
    save(whole, tokenizer, settings, run)
    return Trained(
        **answers,
        figures=figures
        | {
            "max_tokens": config.max_tokens,
            "trainable_parameters": sum(int(np.prod(v.shape)) for v in fitted.trainable_weights),
            **costs(whole),
        },
        choice=choice,
        baseline=baseline,
        method=method,
    )


def save(
    model: keras.Model, tokenizer: "Tokenizer", preprocessing: dict[str, Any], run: Run
) -> None:
    """Writes model.keras, tokenizer/ and preprocessing.json: what turns an example into answers."""
    with run.writing("tokenizer") as path:
        tokenizer.save(path)
    save_model(model, preprocessing, run)


def preprocessing(
    encoder: Encoder,
    config: FineTuningConfig,
    reading: Reading,
    decoding: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The content of preprocessing.json; `decoding` as in `Output`."""
    return {
        **read_by(encoder, config, config.preparation, reading),
        **({"segments": encoder.segments} if config.pairs else {}),
        **({"words": PUNCTUATION} if config.by_word else {}),
        **({} if config.shared_tokens is None else {"stride": config.shared_tokens}),
        **config.row_settings,
        **({"decoding": dict(decoding)} if decoding else {}),
    }


def read_by(
    encoder: Encoder, config: TrainingConfig, preparation: TextPreparation, reading: Reading
) -> dict[str, Any]:
    """What preprocessing.json says of every model that reads texts."""
    return {
        "task": config.task,
        "max_tokens": config.max_tokens,
        "max_characters": getattr(config, "max_characters", 0),
        "preparation": asdict(preparation),
        "reading": reading.as_dict(),
        "backbone": encoder.name,
    }


def _tell_unseen(splits: "Splits", encoder: Encoder, config: FineTuningConfig, run: Run) -> None:
    """Reports what the model cannot see, on the terminal and in the notes on the data.

    A fold only notes it: the training after the folds reports it for all rows.
    """
    say = (lambda line: None) if run.inner else tell
    units = TASKS[config.task].units
    tokens = config.encoded(encoder.tokenizer, splits.data.examples, config.max_tokens)
    limit, most = config.cut_after(encoder.tokenizer), config.longest(encoder.max_length)
    found = unseen(tokens, encoder.tokenizer.unknown_id, limit, units=units)
    reads_more = limit == config.max_tokens < most
    for line in found.lines("; max_tokens=... reads more" * reads_more):
        say(line)
    notes = {}
    if found.cut.any():
        notes[f"{units} of more than {limit:,} tokens, which are cut"] = int(found.cut.sum())
    if several := int(np.count_nonzero(np.bincount(tokens.texts) > 1)):
        notes[f"{units} of more than {limit:,} tokens, which are read in windows"] = several
    if found.many_unknown:
        share = round(100 * found.unknown_share, 1)
        notes["percent of the tokens that are unknown to the vocabulary"] = share
    for part in ("validation", "test"):
        rows = getattr(splits, f"{part}_rows")
        if known := known_rows(tokens, rows, splits.train_rows):
            share = f"{known:,} of {len(rows):,} {part} {units} ({known / len(rows):.1%})"
            same = f"the same tokens as a training {TASKS[config.task].unit}"
            say(f"{share} have {same}.")
            notes[f"{part} {units} with {same}"] = known
    _note(notes, run)


def _note(notes: Mapping[str, int | float], run: Run) -> None:
    """Adds to the notes on the data."""
    if notes and run.path("data.json").is_file():
        data = run.read_json("data.json")
        run.write_json("data.json", data | {"notes": data.get("notes", {}) | notes})


def covering_tokens(texts: LabelledTexts, encoder: Encoder, config: FineTuningConfig) -> int:
    """The tokens that cover 99.7 % of the prepared texts, at most what a model can read."""
    longest = config.longest(encoder.max_length)
    tokens = config.encoded(encoder.tokenizer, texts.examples, longest)
    return config.covering(covering_length(tokens.lengths))
