/// Whether a path from a manifest or an archive stays inside the folder it is put in and means the same everywhere:
/// relative, no `.`, `..` or empty component, no backslash, drive letter or control character, at most 1024 bytes.
public func isSafeRelativePath(_ path: String) -> Bool {
    guard !path.isEmpty, path.utf8.count <= 1024 else { return false }
    guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\\") }) else { return false }
    let components = path.split(separator: "/", omittingEmptySubsequences: false)
    guard components.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 }) else {
        return false
    }
    return !components[0].contains(":")
}
