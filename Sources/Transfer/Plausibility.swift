import Files
import Glibc

/// Why a file without a published hash cannot be what its name says; nil when nothing speaks against it.
func implausibility(of path: String, named name: String) throws -> String? {
    let start = try readStart(of: path, count: 512)
    let text = String(decoding: start, as: UTF8.self).lowercased()
    let isPage = ["<!doctype html", "<html"].contains { trimmed(text).hasPrefix($0) }
    if isPage, !name.hasSuffix(".html"), !name.hasSuffix(".htm") { return "a web page came instead of the file" }
    if name.hasSuffix(".zip") {
        do { _ = try ZipArchive(path) } catch { return "\(error)" }
    }
    return nil
}

private func readStart(of path: String, count: Int) throws(TransferError) -> [UInt8] {
    let file = try OpenFile(path, O_RDONLY)
    var bytes = [UInt8](repeating: 0, count: count)
    let read = bytes.withUnsafeMutableBytes { pread(file.descriptor, $0.baseAddress, $0.count, 0) }
    guard read >= 0 else { throw systemError("read", path) }
    return Array(bytes[..<read])
}
