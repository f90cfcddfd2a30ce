import Synchronization
import Tensors

/// The memory in which one thread runs a network.
final class Workspace: @unchecked Sendable {  // the pool lends it to one thread at a time
    /// A normalised image.
    let image: UnsafeMutablePointer<Float>
    /// What each segment leaves for the next one, or for the caller.
    let outputs: [UnsafeMutablePointer<Float>]
    /// Maps and scratch space inside a segment: no segment needs what another left there.
    let slots: UnsafeMutablePointer<Float>
    let scratch: UnsafeMutablePointer<Float>
    /// For each segment, what its places hold: `[places][images]`.
    let states: [UnsafeMutablePointer<MapState>]
    private let storage: FloatStorage

    init(_ segments: [Segment]) {
        // A segment's output holds all images that the next segment takes at once.
        let outputs = segments.indices.map { index in
            let images = segments[min(index + 1, segments.count - 1)].images
            let shape = segments[index].output
            return shape.channels * BlockedMaps.plane(pixels: images * shape.height * shape.width)
        }
        let counts =
            [FeatureShape.image.count] + outputs
            + [segments.map(\.slotsCount).max() ?? 0, segments.map(\.scratchCount).max() ?? 0]
        storage = FloatStorage(count: counts.reduce(0) { $0 + Self.aligned($1) })
        var address = storage.address
        let parts = counts.map { count in
            defer { address += Self.aligned(count) }
            return address
        }
        image = parts[0]
        self.outputs = Array(parts[1...segments.count])
        slots = parts[segments.count + 1]
        scratch = parts[segments.count + 2]
        states = segments.map { segment in
            let count = segment.placeCount * segment.images
            let states = UnsafeMutablePointer<MapState>.allocate(capacity: count)
            states.initialize(repeating: MapState(changed: .empty, valid: .empty), count: count)
            return states
        }
    }

    deinit {
        for states in states { states.deallocate() }
    }

    private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}

/// Workspaces for as many threads as run at once, made when first needed and used again.
final class WorkspacePool: Sendable {
    private let segments: [Segment]
    private let free = Mutex<[Workspace]>([])

    init(_ segments: [Segment]) {
        self.segments = segments
    }

    func withWorkspace(_ body: (Workspace) -> Void) {
        let workspace = free.withLock { $0.popLast() } ?? Workspace(segments)
        body(workspace)
        free.withLock { $0.append(workspace) }
    }
}
