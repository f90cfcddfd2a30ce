import Foundation
import Glibc

/// A path for a folder of one test, in memory where the system has room for one there: nothing of a test is to outlive
/// the power, and tests flush so much that a disk would be what they wait for.
/// - Returns: an absolute path under which there is nothing yet.
public func newTestFolder(_ name: String) -> String {
    let memory = "/dev/shm"
    var room = statvfs()
    let isRoomy = statvfs(memory, &room) == 0 && UInt64(room.f_bavail) * UInt64(room.f_frsize) > 1 << 30
    let parent =
        isRoomy && FileManager.default.isWritableFile(atPath: memory)
        ? memory : FileManager.default.temporaryDirectory.path
    return "\(parent)/lavise-\(name)-\(UUID().uuidString)"
}
