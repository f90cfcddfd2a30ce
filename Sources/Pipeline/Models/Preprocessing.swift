import Fingerprints
import Graphs
import Imaging
import Networks

/// How a picture becomes a network's input: brought to its size, then normalised.
public struct Preprocessing: Sendable, Hashable {
    /// How it is brought to its size.
    public var crop: CropRule
    /// What makes numbers of its bytes.
    public var normalisation: Normalisation

    /// METHOD 1: what torchvision's ResNets and AlexNet were trained with.
    static let standard = Preprocessing(crop: .standard, normalisation: .imageNet)

    init(crop: CropRule, normalisation: Normalisation) {
        self.crop = crop
        self.normalisation = normalisation
    }

    /// What a network's own first published weights want; nil for a file, which does not say.
    init?(of network: Network) {
        switch network {
        case .blocks: self = .standard
        case .file: return nil
        case .torchvision(let name):
            let picture = TorchvisionPicture.of(name)
            let filter: CropRule.Filter =
                switch picture.interpolation {
                case .bilinear: .bilinear
                case .bicubic: .bicubic
                }
            crop = CropRule(shorterSide: picture.resize, side: picture.crop, filter: filter)
            normalisation = Normalisation(mean: picture.mean, deviation: picture.deviation)
        }
    }

    /// Keys of `backbone.preprocess`.
    static let keys = ["resize", "crop", "mean", "std", "order", "scale", "interpolation"]
    /// Pixels a side that a picture may have: memory grows with their square.
    private static let largestSide = 1024

    private enum Order: String, CaseIterable { case rgb, bgr }

    /// What the experiment says, the rest as the network's own weights want it.
    /// - Throws: `TextError`; of a file `resize`, `crop`, `mean` and `std` must be said.
    init(_ fields: Fields, own: Preprocessing?) throws {
        func known<T>(_ key: String, _ expected: String, _ standard: T?, _ read: (String) throws -> T?) throws -> T {
            if let value = try read(key) ?? standard { return value }
            throw fields.lacks(key, expected + ", as the model was trained")
        }
        let side = try known("crop", "the side of its pictures in pixels", own?.crop.side) {
            try fields.int($0, in: 8...Self.largestSide)
        }
        let resize = try known(
            "resize", "the length that a picture's shorter side gets before the crop", own?.crop.shorterSide
        ) {
            try fields.int($0, in: 8...4 * Self.largestSide)
        }
        guard resize >= side else {
            throw fields.error(
                fields.has("resize") ? "resize" : "crop",
                "such that \"resize\" (\(resize)) is at least \"crop\" (\(side))")
        }
        let filter = try fields.choice("interpolation", CropRule.Filter.self) ?? own?.crop.filter ?? .bilinear
        crop = CropRule(shorterSide: resize, side: side, filter: filter)
        let mean = try known("mean", "three numbers, one a channel", own?.normalisation.mean) {
            try Self.three(fields, $0)
        }
        let deviation = try known("std", "three numbers, one a channel", own?.normalisation.deviation) {
            try Self.three(fields, $0)
        }
        guard deviation.allSatisfy({ $0 > 0 }) else { throw fields.error("std", "three numbers above 0") }
        let scale = try fields.int("scale", in: 1...255) ?? own.map { Int($0.normalisation.scale) } ?? 255
        guard scale == 1 || scale == 255 else {
            throw fields.error("scale", "255 (bytes become numbers from 0 to 1) or 1 (they stay)")
        }
        let order = try fields.choice("order", Order.self)
        normalisation = Normalisation(
            mean: mean, deviation: deviation, scale: Float(scale),
            isBGR: order.map { $0 == .bgr } ?? own?.normalisation.isBGR ?? false)
    }

    private static func three(_ fields: Fields, _ key: String) throws -> [Float]? {
        guard let numbers = try fields.doubles(key) else { return nil }
        guard numbers.count == 3, numbers.allSatisfy({ abs($0) < 1e6 }) else {
            throw fields.error(key, "a list of three numbers")
        }
        return numbers.map { Float($0) }
    }
}

extension Normalisation: Encodable {
    private enum CodingKeys: CodingKey { case mean, std, scale, order }

    /// By the names of an experiment's keys.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        // Each as the double that it is: a float's own digits would read as another number.
        try members.encode(mean.map(Double.init), forKey: .mean)
        try members.encode(deviation.map(Double.init), forKey: .std)
        try members.encode(Double(scale), forKey: .scale)
        try members.encode(isBGR ? "bgr" : "rgb", forKey: .order)
    }
}
