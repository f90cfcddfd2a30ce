import CHDF5
import Foundation
import Synchronization

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

/// Loads the HDF5 library. Where there is none the process ends and says so, better before a run than in it.
public func loadHDF5() { withLibrary {} }

/// What became of a file that is written. After a failed write (a full disk) HDF5 1.10 crashes when it is asked to
/// close what it could not flush: such a file is abandoned, its handles are left to the end of the process.
final class Health: Sendable {
    private let failure = Mutex<String?>(nil)

    /// Why the file is not whole.
    var reason: String? { failure.withLock { $0 } }

    func fail(_ reason: String) { failure.withLock { $0 = $0 ?? reason } }
}

/// Names the file and object in every error raised while working on them.
struct Place: Sendable {
    let file: String
    var object: String?
    /// nil: the file is only read.
    let health: Health?

    func at(_ object: String) -> Place { Place(file: file, object: object, health: health) }

    /// Closes a dataset that is let go. What HDF5 still held of it is written now, and may fail.
    func letGo(_ dataset: hid_t) {
        withLibrary {
            guard health?.reason == nil, H5Iis_valid(dataset) > 0 else { return }
            _ = try? check(H5Dclose(dataset), "write the dataset")
        }
    }

    func error(_ reason: String) -> HDF5Error { HDF5Error(file: file, object: object, reason: reason) }

    /// The system's own reason, where HDF5 tells it among much else.
    private static func brief(_ stack: String) -> String {
        guard let start = stack.range(of: "error message = '")?.upperBound,
            let end = stack[start...].firstIndex(of: "'")
        else { return stack }
        return String(stack[start..<end])
    }

    /// `status` of an HDF5 call; negative means failure, and the reason is on HDF5's error stack.
    @discardableResult
    func check<Status: SignedInteger>(_ status: Status, _ doing: String) throws -> Status {
        guard status < 0 else { return status }
        let reason = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { text in
            lavise_h5_take_error(text.baseAddress, text.count)
            return Self.brief(String(cString: text.baseAddress!))
        }
        let error = error("cannot \(doing): \(reason.isEmpty ? "HDF5 gave no reason" : reason)")
        health?.fail(error.reason)
        throw error
    }

    /// Opens a handle for the time of `body`. Closing a dataset that is written is a write, too.
    func using<Result>(
        _ handle: hid_t, _ close: (hid_t) -> herr_t, _ doing: String, _ body: (hid_t) throws -> Result
    ) throws -> Result {
        try check(handle, doing)
        let result: Result
        do {
            result = try body(handle)
        } catch {
            if health?.reason == nil { _ = close(handle) }
            throw error
        }
        guard let health else {
            _ = close(handle)
            return result
        }
        if health.reason == nil { try check(close(handle), doing) }
        return result
    }
}
