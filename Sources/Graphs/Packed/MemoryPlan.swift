import Tensors

/// Where in a workspace each buffer of maps lies.
///
/// What one segment leaves for another lies alone; all else shares room with what is not needed at the same time.
struct MemoryPlan: Sendable {
    /// By buffer: floats before it, and images that it has room for.
    private(set) var offset: [Int], capacity: [Int]
    /// Floats of all.
    private(set) var count = 0
    /// By step: plain buffers that no later step of its segment, nor a later segment, reads.
    private(set) var spentTensors: [[Int]]

    init(steps: [Step], buffers: [Buffer], segments: [PackedProgram.Segment], constants: Set<Int>, targets: Set<Int>) {
        offset = [Int](repeating: 0, count: buffers.count)
        capacity = [Int](repeating: 1, count: buffers.count)
        spentTensors = [[Int]](repeating: [], count: steps.count)
        var first = [Int](repeating: -1, count: buffers.count), last = first
        for (index, step) in steps.enumerated() {
            for buffer in [step.output] + step.inputs + [step.addend].compactMap({ $0 })
            where buffer >= 0 && !constants.contains(buffer) {
                if first[buffer] < 0 { first[buffer] = index }
                last[buffer] = index
            }
        }
        for target in targets where first[target] >= 0 { last[target] = steps.count }
        func segment(_ step: Int) -> Int { segments.firstIndex { $0.steps.contains(step) } ?? segments.count - 1 }
        var crossing: [Int] = []
        var inside = [[Int]](repeating: [], count: segments.count)
        for buffer in buffers.indices where first[buffer] >= 0 {
            let from = segment(first[buffer]), to = segment(last[buffer])
            capacity[buffer] = segments[to].images
            if from == to, last[buffer] < steps.count { inside[from].append(buffer) } else { crossing.append(buffer) }
            if case .plain = buffers[buffer], last[buffer] < steps.count, from == to {
                spentTensors[last[buffer]].append(buffer)
            }
        }
        func floats(_ buffer: Int) -> Int {
            guard case .blocked(let size) = buffers[buffer] else { return 0 }
            return 16 * size.roomyBlocks * BlockedMaps.plane(pixels: capacity[buffer] * size.pixels)
        }
        for buffer in crossing {
            offset[buffer] = count
            count += floats(buffer)
        }
        let shared = count
        for own in inside {
            var living: [(from: Int, to: Int, last: Int)] = []
            for buffer in own.sorted(by: { first[$0] < first[$1] }) where floats(buffer) > 0 {
                living.removeAll { $0.last < first[buffer] }
                // The first gap that is wide enough.
                var place = shared
                for other in living.sorted(by: { $0.from < $1.from }) {
                    if other.from - place >= floats(buffer) { break }
                    place = max(place, other.to)
                }
                offset[buffer] = place
                living.append((place, place + floats(buffer), last[buffer]))
                count = max(count, place + floats(buffer))
            }
        }
    }
}
