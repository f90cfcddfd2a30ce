/// How far a call has come.
public struct TransferProgress: Sendable, Equatable {
    /// What is being done to the files.
    public enum Phase: String, Sendable {
        /// Files that are already here are hashed.
        case checking
        case downloading
        case extracting
    }

    /// What is being done at the moment.
    public let phase: Phase
    /// The first file that is not finished.
    public let file: String
    /// Bytes done and bytes in all, of that file; nil: unknown.
    public let fileBytes: Int, fileTotal: Int?
    /// Bytes done and bytes in all, over all files of this phase; nil: the size of some file is unknown.
    public let bytes: Int, total: Int?
    /// Over the last seconds; bytes that were here before do not count.
    public let bytesPerSecond: Double

    /// Seconds left at the present rate; nil while it cannot be told.
    public var secondsLeft: Double? {
        guard let total, bytesPerSecond > 0 else { return nil }
        return Double(total - bytes) / bytesPerSecond
    }
}

/// Turns counts into progress, about ten times a second.
struct TransferMeter {
    private let phase: TransferProgress.Phase
    private var lastReport = -Double.infinity
    private var samples: [(time: Double, bytes: Int)] = []

    init(_ phase: TransferProgress.Phase) { self.phase = phase }

    var isDue: Bool { monotonicSeconds() >= lastReport + 0.1 }

    mutating func progress(file: String, fileBytes: Int, fileTotal: Int?, bytes: Int, total: Int?) -> TransferProgress {
        lastReport = monotonicSeconds()
        return TransferProgress(
            phase: phase, file: file, fileBytes: fileBytes, fileTotal: fileTotal, bytes: bytes, total: total,
            bytesPerSecond: rate(bytes, now: lastReport))
    }

    /// Bytes a second over the last five seconds or so.
    private mutating func rate(_ bytes: Int, now: Double) -> Double {
        // A part that starts anew makes the count fall.
        if let last = samples.last, bytes < last.bytes { samples = [] }
        samples.append((now, bytes))
        samples.removeAll { $0.time < now - 5 }
        let first = samples[0]
        return now > first.time ? Double(bytes - first.bytes) / (now - first.time) : 0
    }
}
