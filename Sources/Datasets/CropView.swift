import Fingerprints
import Imaging

/// A random crop of an image for training (METHOD 1): a rectangle of area 0.08–1 of the image and aspect ratio
/// 3/4–4/3, mirrored half of the time. What it is depends on nothing but the seed, the image's id and the view's
/// number.
public struct CropView: Sendable, Equatable {
    /// The rectangle in pixels of the image.
    public let x: Int, y: Int, width: Int, height: Int
    /// Left and right are exchanged.
    public let mirrored: Bool
    /// Size of the view, and how it is resized to it.
    public let rule: CropRule
    /// The image's size.
    public let imageWidth: Int, imageHeight: Int

    /// View number `view` of an image, as torchvision's `RandomResizedCrop.get_params` chooses it (ten tries, then
    /// the central crop of the nearest allowed aspect ratio), followed by `RandomHorizontalFlip`.
    public init(
        seed: UInt64, imageID: Int64, view: Int, width imageWidth: Int, height imageHeight: Int,
        rule: CropRule = .standard
    ) {
        var random = RandomSource(seed: seed, stream: "crop/\(imageID)/\(view)")
        let rectangle = Self.rectangle(&random, imageWidth, imageHeight)
        (x, y, width, height) = rectangle
        mirrored = random.below(2) == 1
        self.rule = rule
        self.imageWidth = imageWidth
        self.imageHeight = imageHeight
    }

    package init(
        x: Int, y: Int, width: Int, height: Int, mirrored: Bool, imageWidth: Int, imageHeight: Int,
        rule: CropRule = .standard
    ) {
        self.rule = rule
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
        self.mirrored = mirrored
        self.imageWidth = imageWidth
        self.imageHeight = imageHeight
    }

    private static func rectangle(_ random: inout RandomSource, _ imageWidth: Int, _ imageHeight: Int) -> (
        Int, Int, Int, Int
    ) {
        let area = Double(imageWidth * imageHeight), lowest = 3.0 / 4, highest = 4.0 / 3
        let bound = 0.28768207245178096  // ln 4/3
        for _ in 0..<10 {
            let target = area * random.uniform(0.08, 1)
            let aspect = exponential(random.uniform(-bound, bound))
            let w = Int((target * aspect).squareRoot().rounded(.toNearestOrEven))
            let h = Int((target / aspect).squareRoot().rounded(.toNearestOrEven))
            if w > 0 && w <= imageWidth && h > 0 && h <= imageHeight {
                let y = random.below(imageHeight - h + 1)
                return (random.below(imageWidth - w + 1), y, w, h)
            }
        }
        let ratio = Double(imageWidth) / Double(imageHeight)
        var w = imageWidth, h = imageHeight
        if ratio < lowest { h = max(1, min(imageHeight, Int((Double(w) / lowest).rounded(.toNearestOrEven)))) }
        if ratio > highest { w = max(1, min(imageWidth, Int((Double(h) * highest).rounded(.toNearestOrEven)))) }
        return ((imageWidth - w) / 2, (imageHeight - h) / 2, w, h)
    }

    /// eˣ for |x| ≤ 0.3 to within 1e-15 by exact operations only: the C library's last bit differs between releases.
    private static func exponential(_ x: Double) -> Double {
        var sum = 1.0
        for n in stride(from: 14.0, through: 1, by: -1) { sum = 1 + sum * x / n }
        return sum
    }

    /// Where the mask's pixels come from: cropped, then resized as Pillow's NEAREST.
    public var sampling: NearestSampling {
        var sampling = NearestSampling(
            x: x, y: y, width: width, height: height, ofWidth: imageWidth, ofHeight: imageHeight,
            toWidth: rule.side, toHeight: rule.side)
        if mirrored { sampling.columns.reverse() }
        return sampling
    }
}

extension RGBImage {
    /// The image in a training view: cropped, resized as Pillow does, mirrored.
    public func crop(_ view: CropView) -> RGBImage {
        let part = cropped(x: view.x, y: view.y, width: view.width, height: view.height)
            .resized(width: view.rule.side, height: view.rule.side, filter: view.rule.filter)
        return view.mirrored ? part.mirrored() : part
    }
}

extension NearestSampling {
    /// The view's sampling of an image of `width`×`height` pixels, or the rule's central one.
    init(_ view: CropView?, width: Int, height: Int, rule: CropRule) {
        self = view?.sampling ?? NearestSampling(centreCropOfWidth: width, height: height, rule: rule)
    }
}
