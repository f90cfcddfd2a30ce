extension Architecture {
    /// torchvision's `AlexNet` (Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks").
    public static let alexnet = Architecture("alexnet", layers: ["features"], isPooledByClassifier: false) { _ in
        features
    }
}

private let features: [Block] = [
    .convolution(Convolution("features.0", 3, 64, kernel: 11, stride: 4, padding: 2)),
    .maxPool(kernel: 3, stride: 2, padding: 0),
    .convolution(Convolution("features.3", 64, 192, kernel: 5, padding: 2)),
    .maxPool(kernel: 3, stride: 2, padding: 0),
    .convolution(Convolution("features.6", 192, 384, kernel: 3, padding: 1)),
    .convolution(Convolution("features.8", 384, 256, kernel: 3, padding: 1)),
    .convolution(Convolution("features.10", 256, 256, kernel: 3, padding: 1)),
    .maxPool(kernel: 3, stride: 2, padding: 0),
]
