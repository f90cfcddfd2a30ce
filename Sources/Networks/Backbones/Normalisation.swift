/// How a picture's pixels become a network's input: `(x / scale − mean) / deviation`, channel by channel, each step
/// rounded to float as torchvision's `ToTensor` and `Normalize` do (METHOD 1.4).
public struct Normalisation: Sendable, Hashable {
    /// Three each, in the order of the network's channels.
    public let mean: [Float], deviation: [Float]
    /// What a byte is divided by first: 255 or 1.
    public let scale: Float
    /// Whether the network's first channel is blue.
    public let isBGR: Bool
    /// The normalised value of every byte, for each channel of the network: `[3 · 256]`.
    private let table: [Float]

    /// - Parameters:
    ///   - mean: three numbers; a programming error otherwise.
    ///   - deviation: three numbers, none of them 0.
    public init(mean: [Float], deviation: [Float], scale: Float = 255, isBGR: Bool = false) {
        precondition(mean.count == 3 && deviation.count == 3, "a picture has three channels")
        self.mean = mean
        self.deviation = deviation
        self.scale = scale
        self.isBGR = isBGR
        table = zip(mean, deviation).flatMap { mean, deviation in
            (0...255).map { (Float($0) / scale - mean) / deviation }
        }
    }

    /// ImageNet's, which torchvision's models were trained with.
    public static let imageNet = Normalisation(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])

    /// - Parameters:
    ///   - pixels: `[places, 3]`, red first.
    ///   - image: receives `[3, places]`.
    public func apply(_ pixels: UnsafePointer<UInt8>, places: Int, into image: UnsafeMutablePointer<Float>) {
        table.withUnsafeBufferPointer { table in
            for channel in 0..<3 {
                let source = pixels + (isBGR ? 2 - channel : channel), plane = image + channel * places
                for place in 0..<places { plane[place] = table[channel * 256 + Int(source[place * 3])] }
            }
        }
    }
}
