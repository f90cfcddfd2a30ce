import Synchronization
import Tensors

/// What is done about the zero pixels of an image.
enum ZeroPixels: Sendable {
    /// They are computed with like any others.
    case computed
    /// What depends on them alone is taken from the all-zero image, as far as that changes no bit: a number on the edge
    /// of a changed Winograd tile is rounded differently though it does not depend on what changed.
    case skippedBitForBit
    /// What depends on them alone is taken from the all-zero image, but for what lies in a rectangle around the rest.
    case skippedAround
    /// The bits of `skippedAround`, sooner: within the rectangle, too, only what depends on the rest is computed.
    case skipped
}

/// What a place holds of one image.
struct MapState {
    /// Outside of it the map equals the all-zero image's.
    var changed: MapRegion
    /// Inside of it the place holds the map; elsewhere it holds anything.
    var valid: MapRegion
}

/// A map of the all-zero image.
struct ZeroMap: @unchecked Sendable {  // written once, before any thread reads it
    let channels: Int, height: Int, width: Int
    let maps: BlockedMaps
    private let storage: FloatStorage

    /// Room for blocked maps.
    init(channels: Int, height: Int, width: Int) {
        let plane = BlockedMaps.plane(pixels: height * width)
        self.init(channels: channels, height: height, width: width, plane: plane, count: channels * plane)
    }

    /// The image itself.
    init(image shape: FeatureShape) {
        self.init(channels: shape.channels, height: shape.height, width: shape.width, plane: 0, count: shape.count)
    }

    private init(channels: Int, height: Int, width: Int, plane: Int, count: Int) {
        self.channels = channels
        self.height = height
        self.width = width
        storage = FloatStorage(count: count)
        maps = BlockedMaps(storage.address, plane: plane)
    }
}

/// A segment's maps of the all-zero image: its input, then each step's output. They are computed when one is first
/// needed: a picture without black edges needs none.
final class ZeroMaps: Sendable {
    private let made = Mutex<[ZeroMap]?>(nil)
    private let make: @Sendable () -> [ZeroMap]

    init(_ make: @escaping @Sendable () -> [ZeroMap]) {
        self.make = make
    }

    var maps: [ZeroMap] {
        made.withLock { made in
            let maps = made ?? make()
            made = maps
            return maps
        }
    }

    /// Copies cells of a map, the output of `step`, into one image's maps.
    func copy(_ cells: MapCells, of step: Int, to target: BlockedMaps) {
        let map = maps[step + 1]
        for region in cells.regions {
            target.extend(channels: map.channels, width: map.width, from: .empty, to: region, source: map.maps)
        }
    }

    /// Makes one image's maps in a place, the output of `step`, valid in `region` too.
    func extend(_ state: inout MapState, to region: MapRegion, of step: Int, _ target: BlockedMaps) {
        let needed = state.valid.union(region)
        if needed == state.valid { return }
        let map = maps[step + 1]
        target.extend(channels: map.channels, width: map.width, from: state.valid, to: needed, source: map.maps)
        state.valid = needed
    }
}
