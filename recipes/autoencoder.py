"""Sort images with few labels: the encoder first learns to reconstruct all images.

A convolutional autoencoder in two steps: pretraining on all images without their labels, then the
classifier on the frozen encoder, and from there fine-tuned as a whole. The report has both and a
picture of reconstructions; the better on validation is the model.

    kerastc train autoencoder
    kerastc train autoencoder data=cifar100.npz
    kerastc train autoencoder data=cifar100.npz hidden=0 filter=svdd kept=0.8

Some patches of each image are hidden and have to be guessed; hidden=0 is a plain autoencoder.
"""

from kerastc import data, methods, report


class Config(data.ImageData, methods.FilterConfig, methods.AutoencoderConfig):
    """Twenty epochs of pretraining."""


def load(config: Config, run) -> data.ImageSplits:
    splits = data.load_images(config)
    run.describe_data(splits)
    return splits


def run(config: Config, run) -> None:
    splits, told = methods.after_filter(load(config, run), config, run)
    trained = methods.autoencoder(splits, config, run)
    trained.method.update(told)
    report.conclude(run, splits, trained)
