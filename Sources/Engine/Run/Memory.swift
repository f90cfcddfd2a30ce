import Glibc

/// Memory is asked for before work begins: libraries that get none crash, or try for ever.
public enum Memory {
    /// What even the smallest job takes, in bytes.
    static let least = 320 << 20
    /// What looking at a plan takes.
    private static let leastToLook = 160 << 20

    /// Asks for what any verb takes.
    /// - Throws: `MemoryFault` where limits (`ulimit -v`, `ulimit -d`) leave less.
    public static func askToStart() throws { try ask(bytes: leastToLook) }

    /// - Parameter peak: resident memory of the whole process when the job ran last; nil where it never did.
    /// - Throws: `MemoryFault` where limits (`ulimit -v`, `ulimit -d`) leave less.
    static func ask(forPeak peak: Int?) throws {
        try ask(bytes: max(least, (peak ?? 0) - resident()))
    }

    private static func ask(bytes: Int) throws {
        let place = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard place != MAP_FAILED else { throw MemoryFault(bytes: bytes) }
        munmap(place, bytes)
    }

    /// Resident memory now, in bytes; 0 where the system does not say.
    private static func resident() -> Int {
        guard let bytes = try? LocalFileSystem().read("/proc/self/statm") else { return 0 }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }
}

/// Less memory is to be had than a job takes.
public struct MemoryFault: Error, CustomStringConvertible {
    let bytes: Int

    /// How much is lacking, and what to do.
    public var description: String {
        "it needs some \(bytes / 1_000_000) MB of memory more, and this process may not have them; raise the limit (`ulimit -v`, `ulimit -d`), or use fewer threads (-j)"
    }
}
