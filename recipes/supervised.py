"""Sort images by their labels alone: the baseline.

All training images are used, unless labelled= limits how many keep their labels: the others are
left out here, and used by the recipes for few labels. By default the images are 1,797
scanned digits that come with scikit-learn, two of each labelled; any .npz file, TFDS data set or
folder of class folders will do, with its own parts if it has them (train, validation, test,
unlabelled). folds= cross-validates few images: each is tested by a model that never saw it, and
then a model is trained on all.

    kerastc train supervised
    kerastc train supervised data=cifar100.npz
    kerastc train supervised data=photos/ architecture=cnn
    kerastc train supervised data=photos/ test=other-photos/ validation_fraction=0.1
    kerastc train supervised data=photos/ folds=5

Data: your own images; scikit-learn's digits by default.

Cost: 37 s on 2 cores, 1.2 GB of memory.

Expect: test accuracy 0.887 [.858 .916] on the digits. On CIFAR-100 with 9,000 labels 0.548 in
twelve minutes, with `data=cifar100.npz labelled=9000 epochs=90 mixup=0.4 cutmix=0.5
augmentation.cutout=0 weight_decay=0.2 first_side=0.5 precision=mixed_bfloat16`. One seed each.
"""

from kerastc import data, methods, training


class Config(data.FoldedImageData, training.ImageClassifierConfig):
    """A small residual network from random weights."""


def load(config: Config, run) -> data.Splits:
    return data.load_images(config)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return methods.supervised(splits, config, run)
