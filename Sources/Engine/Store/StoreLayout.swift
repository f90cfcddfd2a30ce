import Fingerprints

/// Which names this program gives to what it keeps in a store. Nothing else there is its own to move or remove.
enum StoreLayout {
    /// Folders of digests: two hex digits, then all 64.
    static let sharded: Set<String> = [
        "ac", "cas", "history", "failures", "stat", "tables", "listings", "projects", "remote",
    ]

    /// Whether `entry` could be this program's in `folder` of a store; nil when no folder of a store is called so.
    static func fits(_ entry: String, in folder: String) -> Bool? {
        switch folder {
        case "work": isWork(entry)
        case "locks": isLock(entry)
        case "pins": isUnique(entry)
        case "quarantine": isQuarantined(entry)
        case "runs": isRun(entry)
        case "cluster": isDigest(entry) || entry == "name" || entry.hasPrefix("driver-")
        case _ where sharded.contains(folder): isShard(entry)
        default: nil
        }
    }

    static func isShard(_ name: String) -> Bool { name.utf8.count == 2 && name.utf8.allSatisfy(isLowerHexDigit) }

    static func isDigest(_ name: String) -> Bool { name.utf8.count == 64 && name.utf8.allSatisfy(isLowerHexDigit) }

    /// An attempt and its scratch, a file on its way into the store, a verification, or what a collection moved away.
    static func isWork(_ name: String) -> Bool {
        isDigest(name)
            || ["tmp-", "verify-", "trash-"].contains { name.hasPrefix($0) && isUnique(name.dropFirst($0.count)) }
    }

    /// The gate, or a job's lock: of this host alone, or with the host's name, or its lease.
    static func isLock(_ name: String) -> Bool {
        name == "gc"
            || isDigest(String(name.prefix(64))) && (name.utf8.count == 64 || name.dropFirst(64).hasPrefix("."))
    }

    /// A lease that was moved aside.
    static func isLeaseAside(_ name: String) -> Bool {
        let mark = ".lease-"
        return isLock(name) && name.dropFirst(64).hasPrefix(mark) && isUnique(name.dropFirst(64 + mark.count))
    }

    static func isQuarantined(_ name: String) -> Bool {
        isDigest(String(name.prefix(64))) && name.dropFirst(64).hasPrefix("-") && isUnique(name.dropFirst(65))
    }

    /// A run's record: the seconds since 1970 in twelve digits, so that names sort by time, and a unique name.
    static func isRun(_ name: String) -> Bool {
        name.utf8.prefix(12).allSatisfy { (48...57).contains($0) } && name.dropFirst(12).hasPrefix("-")
            && isUnique(name.dropFirst(13))
    }

    static func runName(began: Double, unique: String) -> String {
        let seconds = String(Int(max(0, min(began, 999_999_999_999))))
        return String(repeating: "0", count: 12 - seconds.count) + seconds + "-" + unique
    }

    /// What `FileSystem.uniqueName` gives: process, token, counter.
    static func isUnique(_ name: some StringProtocol) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty else { return false }
        let isToken = parts[1].allSatisfy { (48...57).contains($0) || (97...122).contains($0) }
        return isToken
            && [parts[0], parts[2]].allSatisfy { part in !part.isEmpty && part.allSatisfy { (48...57).contains($0) } }
    }

    private static func isLowerHexDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte) }
}
