/// The feature F of one image, `[d, h·w]`, with the norm of every channel.
package struct Feature: Sendable {
    package let channels: Int
    package let positions: Int
    /// `[d]` ‖F_k‖.
    package let norms: [Float]
    private let maps: [Float]

    /// - Parameter fill: writes `[d, h·w]`.
    init(channels: Int, positions: Int, fill: (UnsafeMutablePointer<Float>) throws -> Void) rethrows {
        var maps = [Float](repeating: 0, count: channels * positions)
        try fill(&maps)
        self.channels = channels
        self.positions = positions
        self.maps = maps
        norms = (0..<channels).map {
            let map = maps[$0 * positions..<($0 + 1) * positions]
            return dot(map, map).squareRoot()
        }
    }

    /// F_k, `[h·w]`.
    package func map(_ channel: Int) -> ArraySlice<Float> { maps[channel * positions..<(channel + 1) * positions] }
}
