import Glibc

/// The machine as others see it who share a store: for traces, locks and those who wait.
public struct Machine: Sendable {
    /// What others know it by.
    public let name: String
    /// After how many seconds without a sign of life its leases have run out for others, and theirs for it; 0: locks are
    /// enough; nil: as the store's disk is local or not.
    public let lease: Double?
    /// Where goes what no store may keep.
    let temporaryFolder: String

    /// - Parameter name: nil for the machine's own. Another lets containers that share a name be told apart, and tests.
    public init(name: String? = nil, lease: Double? = nil, temporaryFolder: String = "/tmp") {
        self.name = name ?? Self.ownName
        self.lease = lease
        self.temporaryFolder = temporaryFolder
    }

    private static let ownName: String = {
        var buffer = [UInt8](repeating: 0, count: 256)
        let status = buffer.withUnsafeMutableBytes {
            gethostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count - 1)
        }
        return status == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "unknown"
    }()

    /// `pid@host job`.
    func label(_ job: String) -> String { "\(getpid())@\(name) \(job)" }
}

/// What this process has used.
enum Usage {
    /// Highest resident memory in bytes since `forgetPeakMemory`.
    static func peakMemory() -> Int {
        var usage = rusage()
        getrusage(0, &usage)
        return usage.ru_maxrss * 1024
    }

    static func forgetPeakMemory() {
        let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, "5", 1)
        close(descriptor)
    }
}
