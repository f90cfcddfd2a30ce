// Written by scripts/torchvision-graphs. torchvision 0.29.2 (BSD-3-Clause).
let torchvisionPictures: [String: TorchvisionPicture] = [
    "resnext101_64x4d": TorchvisionPicture(resize: 232, crop: 224),
    "googlenet": TorchvisionPicture(resize: 256, crop: 224, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5]),
    "inception_v3": TorchvisionPicture(resize: 342, crop: 299, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5]),
    "shufflenet_v2_x1_5": TorchvisionPicture(resize: 232, crop: 224),
    "shufflenet_v2_x2_0": TorchvisionPicture(resize: 232, crop: 224),
    "mnasnet0_75": TorchvisionPicture(resize: 232, crop: 224),
    "mnasnet1_3": TorchvisionPicture(resize: 232, crop: 224),
    "efficientnet_b0": TorchvisionPicture(resize: 256, crop: 224, interpolation: .bicubic),
    "efficientnet_b1": TorchvisionPicture(resize: 256, crop: 240, interpolation: .bicubic),
    "efficientnet_b2": TorchvisionPicture(resize: 288, crop: 288, interpolation: .bicubic),
    "efficientnet_b3": TorchvisionPicture(resize: 320, crop: 300, interpolation: .bicubic),
    "efficientnet_b4": TorchvisionPicture(resize: 384, crop: 380, interpolation: .bicubic),
    "efficientnet_b5": TorchvisionPicture(resize: 456, crop: 456, interpolation: .bicubic),
    "efficientnet_b6": TorchvisionPicture(resize: 528, crop: 528, interpolation: .bicubic),
    "efficientnet_b7": TorchvisionPicture(resize: 600, crop: 600, interpolation: .bicubic),
    "efficientnet_v2_s": TorchvisionPicture(resize: 384, crop: 384),
    "efficientnet_v2_m": TorchvisionPicture(resize: 480, crop: 480),
    "efficientnet_v2_l": TorchvisionPicture(
        resize: 480, crop: 480, interpolation: .bicubic, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5]),
    "convnext_tiny": TorchvisionPicture(resize: 236, crop: 224),
    "convnext_small": TorchvisionPicture(resize: 230, crop: 224),
    "convnext_base": TorchvisionPicture(resize: 232, crop: 224),
    "convnext_large": TorchvisionPicture(resize: 232, crop: 224),
    "vit_l_16": TorchvisionPicture(resize: 242, crop: 224),
    "efficientnet_lite0": TorchvisionPicture(
        interpolation: .bicubic, mean: [0.498039, 0.498039, 0.498039], deviation: [0.501961, 0.501961, 0.501961]),
]
