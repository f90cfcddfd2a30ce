import LaViSE

/// An evaluation's data in memory. The backbone averages the masked image's channels into every position; the explainer
/// multiplies by a matrix.
struct MemoryData: EvaluationData {
    var channels: Int
    var mapHeight: Int
    var mapWidth: Int
    /// `[N][d·h·w]`
    var features: [[Float]]
    /// `[N]` colour of each image: all pixels of channel c have `images[i][c]`.
    var colours: [[Float]]
    var truths: [[TruthSample]]
    var explainer: @Sendable (_ input: [Float]) -> [Float]

    init(
        channels: Int, height: Int, width: Int, features: [[Float]], colours: [[Float]]? = nil,
        truths: [[TruthSample]]? = nil, explainer: @escaping @Sendable ([Float]) -> [Float] = { $0 }
    ) {
        self.channels = channels
        mapHeight = height
        mapWidth = width
        self.features = features
        self.colours = colours ?? features.map { _ in [1, 1, 1] }
        self.truths = truths ?? features.map { _ in [] }
        self.explainer = explainer
    }

    var imageCount: Int { features.count }
    let side = 224
    var imagesAtOnce = 1

    func maps(_ image: Int, into: UnsafeMutablePointer<Float>) {
        for (i, value) in features[image].enumerated() { into[i] = value }
    }

    func image(_ image: Int, into: UnsafeMutablePointer<Float>) {
        for channel in 0..<3 {
            for pixel in 0..<side * side { into[channel * side * side + pixel] = colours[image][channel] }
        }
    }

    func truth(_ image: Int) -> [TruthSample] { truths[image] }

    /// Channel k of the feature is everywhere the mean of the image's channel k % 3.
    func features(of images: UnsafePointer<Float>, count: Int, into: UnsafeMutablePointer<Float>) {
        for k in 0..<count * channels {
            let plane = UnsafeBufferPointer(
                start: images + (k / channels * 3 + k % channels % 3) * side * side, count: side * side)
            let mean = Float(plane.reduce(0.0) { $0 + Double($1) } / Double(side * side))
            for i in 0..<mapHeight * mapWidth { into[k * mapHeight * mapWidth + i] = mean }
        }
    }

    func explain(_ inputs: UnsafePointer<Float>, count: Int, into: UnsafeMutablePointer<Float>) {
        let width = explainerInputs
        for row in 0..<count {
            let output = explainer(Array(UnsafeBufferPointer(start: inputs + row * width, count: width)))
            for (i, value) in output.enumerated() { into[row * output.count + i] = value }
        }
    }

    /// Set for the deviation `flattenFeatures`.
    var flattened = false
    private var explainerInputs: Int { flattened ? channels * mapHeight * mapWidth : channels }
}

/// The 224×224 mask of the pixels (x, y) that `inside` accepts.
func mask(_ inside: (_ x: Int, _ y: Int) -> Bool) -> [UInt64] {
    var bits = [UInt64](repeating: 0, count: 224 * 224 / 64)
    for y in 0..<224 {
        for x in 0..<224 where inside(x, y) {
            let pixel = y * 224 + x
            bits[pixel / 64] |= 1 << UInt64(pixel % 64)
        }
    }
    return bits
}
