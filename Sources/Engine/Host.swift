import Glibc

/// The machine and process, for traces and for those who wait.
enum Host {
    static let name: String = {
        var buffer = [UInt8](repeating: 0, count: 256)
        let status = buffer.withUnsafeMutableBytes { gethostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count - 1) }
        return status == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "unknown"
    }()

    /// `pid@host job`.
    static func label(_ job: String) -> String { "\(getpid())@\(name) \(job)" }

    /// Highest resident memory in bytes since `forgetPeakMemory`; 0 where the system does not tell.
    static func peakMemory() -> Int {
        guard let bytes = try? LocalFileSystem().read("/proc/self/status") else { return 0 }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("VmHWM:") {
            return (line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
        }
        return 0
    }

    static func forgetPeakMemory() {
        let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, "5", 1)
        close(descriptor)
    }
}
