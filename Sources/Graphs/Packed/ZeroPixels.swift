import CKernels
import Synchronization
import Tensors

/// What is done about the zero pixels of an image.
public enum ZeroPixels: Sendable {
    /// They are computed with like any others.
    case computed
    /// What depends on them alone is taken from the all-zero image's maps: the same bits, sooner where much of an image
    /// is zero.
    case skipped
}

/// What a buffer holds of one image.
struct MapState {
    /// Outside of it the map equals the all-zero image's.
    var changed: MapRegion
    /// Inside of it the buffer holds the map; elsewhere it holds anything.
    var valid: MapRegion
}

/// The all-zero image's maps in every buffer, made when they are first asked for.
final class ZeroImage: Sendable {
    private let maps = Mutex<[Int: PackedNumbers]?>(nil)

    func maps(_ make: () throws -> [Int: PackedNumbers]) rethrows -> [Int: PackedNumbers] {
        try maps.withLock { known in
            if let known { return known }
            let made = try make()
            known = made
            return made
        }
    }
}

extension ck_window {
    /// Whether it counts a map's pixels as the map's buffer does.
    func isOver(_ map: MapSize) -> Bool { Int(size.0) == map.height && Int(size.1) == map.width }

    /// The outputs that depend on an input in a region.
    func outputs(touching region: MapRegion) -> MapRegion {
        if region.isEmpty { return .empty }
        func reached(
            _ low: Int, _ high: Int, _ kernel: Int32, _ stride: Int32, _ dilation: Int32, _ before: Int32,
            _ count: Int32
        ) -> (Int, Int) {
            let reach = Int(dilation) * (Int(kernel) - 1), step = Int(stride)
            return (
                max(low - reach + Int(before) + step - 1, 0) / step,
                min((high - 1 + Int(before)) / step + 1, Int(count))
            )
        }
        let (top, bottom) = reached(region.top, region.bottom, kernel.0, stride.0, dilation.0, before.0, out.0)
        let (left, right) = reached(region.left, region.right, kernel.1, stride.1, dilation.1, before.1, out.1)
        let outputs = MapRegion(top: top, left: left, bottom: bottom, right: right)
        return outputs.isEmpty ? .empty : outputs
    }

    /// The inputs that outputs in a region depend on.
    func inputs(of region: MapRegion) -> MapRegion {
        if region.isEmpty { return .empty }
        func covered(
            _ low: Int, _ high: Int, _ kernel: Int32, _ stride: Int32, _ dilation: Int32, _ before: Int32,
            _ count: Int32
        ) -> (Int, Int) {
            let reach = Int(dilation) * (Int(kernel) - 1)
            return (
                max(low * Int(stride) - Int(before), 0),
                min((high - 1) * Int(stride) - Int(before) + reach + 1, Int(count))
            )
        }
        let (top, bottom) = covered(region.top, region.bottom, kernel.0, stride.0, dilation.0, before.0, size.0)
        let (left, right) = covered(region.left, region.right, kernel.1, stride.1, dilation.1, before.1, size.1)
        return MapRegion(top: top, left: left, bottom: max(bottom, top), right: max(right, left))
    }
}

extension Step {
    /// Which outputs inputs in those regions touch; `whole` where a number depends on all of a map.
    /// - Parameter changed: the inputs' regions, the addend's last.
    func touched(_ changed: [MapRegion], sizes: [MapSize], output: MapSize) -> MapRegion {
        let whole = MapRegion(height: output.height, width: output.width)
        func touched(_ window: ck_window) -> MapRegion {
            if changed[0].isEmpty { return .empty }
            return window.isOver(sizes[0]) ? window.outputs(touching: changed[0]) : whole
        }
        switch work {
        case .convolution(let convolution):
            let own = convolution.computed(for: touched(convolution.window))
            return changed.count > 1 ? convolution.computed(for: own.union(changed[1])) : own
        case .depthwise(let window, _, _), .pool(let window, _, _): return touched(window)
        case .combine, .joinChannels, .takeChannels, .channelNorm:
            // A map of one pixel goes with all of the others.
            return zip(changed, sizes).reduce(.empty) { $0.union($1.1.isAlike(output) || $1.0.isEmpty ? $1.0 : whole) }
        case .block(let kernel):
            if changed[0].isEmpty { return .empty }
            return MapRegion(
                top: changed[0].top / kernel, left: changed[0].left / kernel,
                bottom: (changed[0].bottom + kernel - 1) / kernel,
                right: (changed[0].right + kernel - 1) / kernel)
        case .globalMean: return changed[0].isEmpty ? .empty : whole
        case .attention, .joinPixels, .takePixels, .fromPlain, .toPlain, .plain, .copy, .product: return whole
        }
    }

    /// What of input `index` outputs in a region depend on.
    func needed(_ region: MapRegion, of index: Int, size: MapSize, output: MapSize) -> MapRegion {
        if region.isEmpty { return .empty }
        let whole = MapRegion(height: size.height, width: size.width)
        func needed(_ window: ck_window) -> MapRegion { window.isOver(size) ? window.inputs(of: region) : whole }
        switch work {
        case .convolution(let convolution): return needed(convolution.window)
        case .depthwise(let window, _, _), .pool(let window, _, _): return needed(window)
        case .combine, .joinChannels, .takeChannels, .channelNorm: return size.isAlike(output) ? region : whole
        case .attention, .globalMean, .block, .joinPixels, .takePixels, .fromPlain, .toPlain, .plain, .copy, .product:
            return whole
        }
    }
}
