/// A place that may have a file.
enum Origin: Equatable {
    case local(path: String)
    case remote(url: String)

    /// The URL that messages and the journal of a part show: no password in it.
    var shown: String {
        switch self {
        case .local(let path): "file://" + percentEncoded(path)
        case .remote(let url): WebAddress(url)?.shown ?? url
        }
    }

    init(url: String) {
        if let address = WebAddress(url), address.scheme == .file {
            self = .local(path: address.path)
        } else {
            self = .remote(url: url)
        }
    }

    /// Where to look for `file`, in order: mirrors first, each by name and by hash, then the manifest's URLs.
    /// Mirror folders without the file are left out; so is every remote place when `options.offline`.
    static func all(of file: ManifestFile, options: DownloadOptions) -> [Origin] {
        var names = [file.name]
        if case .sha256(let digest) = file.checksum { names.append(digest.hex) }
        var origins: [Origin] = []
        for mirror in options.mirrors {
            for name in names {
                let isURL = mirror.contains("://")
                let origin =
                    isURL ? Origin(url: joined(mirror, percentEncoded(name))) : .local(path: joined(mirror, name))
                if case .local(let path) = origin, fileSize(path) == nil { continue }
                origins.append(origin)
            }
        }
        for origin in file.urls.map(Origin.init(url:)) where !origins.contains(origin) { origins.append(origin) }
        guard options.offline else { return origins }
        return origins.filter { if case .local(let path) = $0 { fileSize(path) != nil } else { false } }
    }
}
