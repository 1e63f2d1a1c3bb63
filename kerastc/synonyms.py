"""Settings by the names that they have in other tools."""

from collections.abc import Iterable

# Fields by their names in other tools.
_SYNONYMS = {
    **dict.fromkeys(("lr", "rate", "eta", "learningrate"), "learning_rate"),
    **dict.fromkeys(("b", "bs", "batch", "batchsize", "bsz"), "batch_size"),
    **dict.fromkeys(
        ("e", "epoch", "n_epoch", "n_epochs", "num_epochs", "max_epochs", "num_train_epochs"),
        "epochs",
    ),
    **dict.fromkeys(("wd", "decay", "l2"), "weight_decay"),
    **dict.fromkeys(("max_length", "max_len", "maxlen", "seq_len", "max_seq_length"), "max_tokens"),
    **dict.fromkeys(("model", "encoder", "pretrained", "preset", "checkpoint"), "backbone"),
    **dict.fromkeys(("file", "path", "dataset", "csv", "train", "train_file", "input"), "data"),
    **dict.fromkeys(("val", "valid", "dev", "validation_file", "val_data"), "validation"),
    **dict.fromkeys(("test_file", "test_data", "eval"), "test"),
    **dict.fromkeys(("val_split", "validation_split", "val_size"), "validation_fraction"),
    **dict.fromkeys(("test_split", "test_size", "test_share"), "test_fraction"),
    **dict.fromkeys(("text_column", "column", "x", "sentence"), "text"),
    **dict.fromkeys(("label_column", "labels", "target", "y", "class", "category"), "label"),
    **dict.fromkeys(("sep", "separator"), "delimiter"),
    **dict.fromkeys(("random_state", "random_seed"), "seed"),
    **dict.fromkeys(("warmup", "warmup_ratio"), "warmup_fraction"),
    **dict.fromkeys(("freeze", "frozen", "finetune", "unfreeze"), "trainable"),
    **dict.fromkeys(("grad_accum", "gradient_accumulation_steps"), "accumulation"),
    **dict.fromkeys(("max_grad_norm", "clip", "clipnorm"), "clip_norm"),
    **dict.fromkeys(("smoothing",), "label_smoothing"),
    **dict.fromkeys(("scheduler", "lr_scheduler"), "schedule"),
    **dict.fromkeys(("cv", "kfold", "k_fold"), "folds"),
    **dict.fromkeys(("fp16", "bf16", "mixed_precision", "dtype"), "precision"),
}


def is_setting(key: str) -> bool:
    """Whether a word is a setting's name, here or in other tools."""
    return key.lower() in _SYNONYMS or key in _SYNONYMS.values()


def meant(key: str, known: Iterable[str] | None = None) -> str:
    """The field that a user means by, say, `lr`; the key itself if there is none.

    Args:
        key: as written.
        known: the existing fields; any by default.
    """
    known = None if known is None else list(known)
    field = _SYNONYMS.get(key.lower(), key)
    if known is None or field in known:
        return field
    inner = [name for name in known if name.endswith(f".{key}")]
    return inner[0] if len(inner) == 1 else key
