import Networks

extension Architecture {
    /// Two convolutions, under the names that a PyTorch checkpoint of it would have.
    static let twoLayerNet = Architecture("two-layer-net", layers: ["features"]) { _ in
        [
            .convolution(Convolution("features.0", 3, 64, kernel: 11, stride: 4, padding: 2)),
            .maxPool(kernel: 3, stride: 2, padding: 0),
            .convolution(Convolution("features.3", 64, 64, kernel: 3, padding: 1)),
        ]
    }
}
