/// Whether a path from a manifest or an archive stays inside the folder it is put in and means the same everywhere:
/// relative, no `.`, `..` or empty component, no backslash, drive letter or control character, at most 1024 bytes.
func isSafeRelativePath(_ path: String) -> Bool {
    guard !path.isEmpty, path.utf8.count <= 1024 else { return false }
    guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\\") }) else { return false }
    let components = path.split(separator: "/", omittingEmptySubsequences: false)
    guard components.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 }) else { return false }
    return !components[0].contains(":")
}

/// `folder/path`; `folder` itself for an empty path.
func joined(_ folder: String, _ path: String) -> String {
    if path.isEmpty { return folder }
    return folder.isEmpty || folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
}

/// The folder a path lies in; `.` for a bare name.
func parentFolder(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}
