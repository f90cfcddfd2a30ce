import Foundation
import Glibc
import TestSupport

/// A folder seen through mounts that remember for 20 s what they were told of a name, also that it was absent: as hosts
/// see a network disk.
final class LaggingDisk {
    private var servers: [(process: Process, place: String)] = []

    /// Whether there can be one here, which only trying tells: a container may show /dev/fuse and forbid mounts.
    static let isAvailable: Bool = {
        let probe = newTestFolder("probe"), seen = probe + "-seen"
        defer { for path in [probe, seen] { try? FileManager.default.removeItem(atPath: path) } }
        do {
            try LaggingDisk(probe, seenAt: [seen]).stop()
            return true
        } catch {
            print("skipped: disks that lag need bindfs, /dev/fuse and root (scripts/setup --tests): \(error)")
            return false
        }
    }()

    struct NoMount: Error, CustomStringConvertible { let description: String }

    /// - Parameters:
    ///   - folder: what is seen; made.
    ///   - places: where it is seen, each by a host of its own; made.
    init(_ folder: String, seenAt places: [String]) throws {
        for place in places + [folder] {
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        }
        for place in places {
            let server = Process()
            server.executableURL = URL(fileURLWithPath: "/usr/bin/bindfs")
            // In the foreground: it ends with this disk.
            server.arguments = [
                "-f", "-o", "attr_timeout=20,entry_timeout=20,negative_timeout=20", folder, place,
            ]
            server.standardOutput = FileHandle.nullDevice
            server.standardError = FileHandle.nullDevice
            try server.run()
            servers.append((server, place))
            for _ in 0..<500 where !Self.isMount(place) && server.isRunning { usleep(10_000) }
            guard Self.isMount(place) else { throw NoMount(description: "bindfs did not mount \(place)") }
        }
    }

    deinit { stop() }

    func stop() {
        for (server, place) in servers {
            umount2(place, Int32(MNT_DETACH))
            if server.isRunning { server.terminate() }
            server.waitUntilExit()
        }
        servers = []
    }

    private static func isMount(_ place: String) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").contains {
            $0.split(separator: " ").dropFirst().first.map(String.init) == place
        }
    }
}
