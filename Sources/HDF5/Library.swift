import CHDF5
import Foundation

/// HDF5 is not thread-safe in every build. Recursive, because a `deinit` inside a call may close a handle.
private let libraryLock = NSRecursiveLock()

/// Files are closed by their owners; at exit HDF5 would go through what a damaged file left open, and complain.
private let noWorkAtExit = H5dont_atexit()

/// Runs `body` with the HDF5 library to itself.
func withLibrary<Result>(_ body: () throws -> Result) rethrows -> Result {
    libraryLock.lock()
    defer { libraryLock.unlock() }
    _ = noWorkAtExit
    lavise_h5_prepare()
    return try body()
}

/// Names the file and object in every error raised while working on them.
struct Place {
    let file: String
    var object: String?

    func at(_ object: String) -> Place { Place(file: file, object: object) }

    func error(_ reason: String) -> HDF5Error { HDF5Error(file: file, object: object, reason: reason) }

    /// `status` of an HDF5 call; negative means failure, and the reason is on HDF5's error stack.
    @discardableResult
    func check<Status: SignedInteger>(_ status: Status, _ doing: String) throws -> Status {
        guard status < 0 else { return status }
        let stack = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { text in
            lavise_h5_take_error(text.baseAddress, text.count)
            return String(cString: text.baseAddress!)
        }
        throw error("cannot \(doing): \(stack.isEmpty ? "HDF5 gave no reason" : stack)")
    }

    /// Opens a handle for the time of `body`.
    func using<Result>(
        _ handle: hid_t, _ close: (hid_t) -> herr_t, _ doing: String, _ body: (hid_t) throws -> Result
    ) throws -> Result {
        try check(handle, doing)
        defer { _ = close(handle) }
        return try body(handle)
    }
}
