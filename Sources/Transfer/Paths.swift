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
