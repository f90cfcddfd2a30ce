import Foundation
import Networks

extension Preprocessing {
    /// Networks take numbers around 0: a few, or bytes as they are.
    private static let largestInput: Float = 300
    private static let smallestSpread: Float = 0.5

    /// What of it does not fit a network, where that can be known without its training: numbers that no network takes,
    /// and another picture than a known network's own weights were trained with.
    func misfit(_ network: Network) -> ResultWarning? {
        let look =
            "lavise-pipeline layers with --check PICTURE shows whether the model understands pictures (docs/your-own-model.md)"
        let ranges = normalisation.ranges
        if let wrong = ranges.first(where: { range in
            max(abs(range.lowerBound), abs(range.upperBound)) > Self.largestInput || !range.contains(0)
                || range.upperBound - range.lowerBound < Self.smallestSpread
        }) {
            return ResultWarning(
                finding:
                    "by backbone.preprocess bytes from 0 to 255 reach the model as numbers from \(Self.shown(wrong.lowerBound)) to "
                    + "\(Self.shown(wrong.upperBound)), which no network takes",
                advice:
                    "check that mean and std go with scale (255: bytes become 0 to 1 before them; 1: they stay bytes); \(look)"
            )
        }
        guard let own = Preprocessing(of: network) else { return nil }
        let changes = differences(from: own)
        guard !changes.isEmpty else { return nil }
        return ResultWarning(
            finding:
                "backbone.preprocess is not what \(network.name)'s own weights were trained with (\(changes.joined(separator: "; ")))",
            advice: "leave it out, unless your weights were trained so; \(look)")
    }

    private func differences(from own: Preprocessing) -> [String] {
        func numbers(_ values: [Float]) -> String { values.map(Self.shown).joined(separator: " ") }
        let mine = normalisation, theirs = own.normalisation
        let pairs = [
            ("resize", String(crop.shorterSide), String(own.crop.shorterSide)),
            ("crop", String(crop.side), String(own.crop.side)),
            ("interpolation", crop.filter.rawValue, own.crop.filter.rawValue),
            ("mean", numbers(mine.mean), numbers(theirs.mean)),
            ("std", numbers(mine.deviation), numbers(theirs.deviation)),
            ("scale", Self.shown(mine.scale), Self.shown(theirs.scale)),
            ("order", mine.isBGR ? "bgr" : "rgb", theirs.isBGR ? "bgr" : "rgb"),
        ]
        return pairs.filter { $0.1 != $0.2 }.map { "\($0.0) \($0.1) in place of \($0.2)" }
    }

    private static func shown(_ number: Float) -> String {
        number == number.rounded() && abs(number) < 1e9 ? String(Int(number)) : String(format: "%.4g", Double(number))
    }
}

extension Normalisation {
    /// Where the bytes of each channel come to lie.
    fileprivate var ranges: [ClosedRange<Float>] {
        zip(mean, deviation).map { mean, deviation in
            let ends = [-mean / deviation, (255 / scale - mean) / deviation]
            return min(ends[0], ends[1])...max(ends[0], ends[1])
        }
    }
}
