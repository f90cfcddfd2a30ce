import CZip

extension ZipArchive {
    /// Why libzip could not open an archive, and what to do: its code says the same of a file that is cut off, of a web
    /// page and of an archive with a damaged list of members.
    /// - Parameter code: libzip's error, as `zip_open` gives it.
    package static func problem(opening path: String, code: Int32) -> String {
        var error = zip_error_t()
        zip_error_init_with_code(&error, code)
        defer { zip_error_fini(&error) }
        let said = String(cString: zip_error_strerror(&error))
        guard [ZIP_ER_NOZIP, ZIP_ER_INCONS].contains(code), let file = try? PlainFile(path),
            let head = try? file.bytes(upTo: 4)
        else { return said }
        if file.size == 0 { return "is empty: the download or the disk failed; fetch it again" }
        guard head.starts(with: [0x50, 0x4B, 3, 4]) else { return "\(said) (it does not begin as one does)" }
        // The list of members stands at the end, with a comment of at most 65,535 bytes behind it.
        let tail = (try? file.bytes(at: max(0, file.size - 65_557), upTo: 65_557)) ?? []
        let hasEnd = tail.indices.contains { tail[$0...].starts(with: [0x50, 0x4B, 5, 6]) }
        return hasEnd
            ? "\(said): it is damaged; fetch it again"
            : "cut off: it has \(file.size) bytes, and its end, where its members are listed, is missing; "
                + "fetch it again, and compare its size with what its source says"
    }
}
