"""Few labels: first learn to reconstruct all images.

A convolutional autoencoder in two steps: pretraining on all images without their labels, then the
classifier, first on the frozen encoder, then fine-tuned as a whole. The report has both and a
picture of reconstructions; the better one on validation is the model.

    kerastc train autoencoder
    kerastc train autoencoder data=cifar100.npz
    kerastc train autoencoder data=cifar100.npz hidden=0.5 filter=svdd kept=0.8

With hidden=0.5 half of the patches of each image must be guessed. In short tries that gave no
better features: a linear classifier on the frozen encoder got 0.858 of the validation digits right
(0.830 with hidden=0.5, 0.693 on random weights; mean of seeds 0 and 1), and 0.129 of CIFAR-100's
after eight epochs with 6,000 images at half the width (0.125; 0.085).

Data: your own images; scikit-learn's digits by default.

Cost: 47 s on 2 cores, 1.3 GB of memory, for the digits.

Expect: test accuracy 0.900 [.869 .927] on the digits, like the 0.887 of the labels alone: what
reconstructs a digit does not distinguish it from others. The frozen encoder has 0.811. One seed.
"""

from kerastc import data, methods, training


class Config(data.ImageData, methods.FilterConfig, methods.AutoencoderConfig):
    """Twenty epochs of pretraining."""


def load(config: Config, run) -> data.Splits:
    return data.load_images(config)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return methods.after_filter(methods.autoencoder, splits, config, run)
