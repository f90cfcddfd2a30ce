extension Architecture {
    /// torchvision's `resnet18`: 64, 128, 256 and 512 channels (He et al. 2016).
    public static let resnet18 = resNet("resnet18", depths: [2, 2, 2, 2], expansion: 1, block: basicBlock)
    /// torchvision's `resnet50`: 256, 512, 1,024 and 2,048 channels (He et al. 2016).
    public static let resnet50 = resNet("resnet50", depths: [3, 4, 6, 3], expansion: 4, block: bottleneck)

    private static func resNet(
        _ name: String, depths: [Int], expansion: Int, block: @escaping BlockOfStage
    ) -> Architecture {
        Architecture(name, layers: depths.indices.map { "layer\($0 + 1)" }) { index in
            residualBlocks(stages: index + 1, depths: depths, expansion: expansion, block: block)
        }
    }
}

private typealias BlockOfStage = @Sendable (_ name: String, _ inputs: Int, _ width: Int, _ stride: Int) -> Block

/// The first `stages` stages of torchvision's `ResNet` (He et al. 2016, tables 1 and figure 5), the stem before them.
private func residualBlocks(stages: Int, depths: [Int], expansion: Int, block: BlockOfStage) -> [Block] {
    var blocks: [Block] = [
        .convolution(Convolution("conv1", batchNorm: "bn1", 3, 64, kernel: 7, stride: 2, padding: 3)),
        .maxPool(kernel: 3, stride: 2, padding: 1),
    ]
    var inputs = 64
    for stage in 0..<stages {
        let width = 64 << stage
        for index in 0..<depths[stage] {
            blocks.append(block("layer\(stage + 1).\(index)", inputs, width, stage > 0 && index == 0 ? 2 : 1))
            inputs = width * expansion
        }
    }
    return blocks
}

/// torchvision's `BasicBlock`: two 3×3 convolutions.
@Sendable private func basicBlock(_ name: String, inputs: Int, width: Int, stride: Int) -> Block {
    .residual(
        main: [
            Convolution(
                "\(name).conv1", batchNorm: "\(name).bn1", inputs, width, kernel: 3, stride: stride, padding: 1),
            Convolution("\(name).conv2", batchNorm: "\(name).bn2", width, width, kernel: 3, padding: 1),
        ],
        shortcut: projection(name, inputs: inputs, outputs: width, stride: stride))
}

/// torchvision's `Bottleneck`, which strides in its 3×3 convolution ("v1.5"), not in the first 1×1 as the paper does.
@Sendable private func bottleneck(_ name: String, inputs: Int, width: Int, stride: Int) -> Block {
    .residual(
        main: [
            Convolution("\(name).conv1", batchNorm: "\(name).bn1", inputs, width, kernel: 1),
            Convolution("\(name).conv2", batchNorm: "\(name).bn2", width, width, kernel: 3, stride: stride, padding: 1),
            Convolution("\(name).conv3", batchNorm: "\(name).bn3", width, 4 * width, kernel: 1),
        ],
        shortcut: projection(name, inputs: inputs, outputs: 4 * width, stride: stride))
}

private func projection(_ name: String, inputs: Int, outputs: Int, stride: Int) -> Convolution? {
    guard stride != 1 || inputs != outputs else { return nil }
    return Convolution(
        "\(name).downsample.0", batchNorm: "\(name).downsample.1", inputs, outputs, kernel: 1, stride: stride)
}
