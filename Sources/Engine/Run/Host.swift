import Fingerprints
import Glibc

/// The machine and process, for traces and for those who wait.
enum Host {
    /// `LAVISE_HOST` in its place lets tests, and containers that share a name, be told apart.
    static let name: String = {
        if let given = variable("LAVISE_HOST") { return given }
        var buffer = [UInt8](repeating: 0, count: 256)
        let status = buffer.withUnsafeMutableBytes {
            gethostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count - 1)
        }
        return status == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "unknown"
    }()

    /// `pid@host job`.
    static func label(_ job: String) -> String { "\(getpid())@\(name) \(job)" }

    /// Highest resident memory of the process in bytes since `forgetPeakMemory`.
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
