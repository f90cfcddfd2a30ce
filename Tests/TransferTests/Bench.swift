import Fingerprints
import Foundation
import Testing
import Transfer
import TestSupport

/// A download folder and what the tests of downloads share.
final class Bench {
    let folder: TemporaryFolder
    var options = DownloadOptions()
    private(set) var notes: [String] = []

    init() throws {
        folder = try TemporaryFolder()
        options.proxy = ""
        options.firstDelay = 0.002
        options.longestDelay = 0.02
        options.retries = 4
        options.stallSeconds = 1
    }

    var downloads: String { folder.path("downloads") }

    /// What the download folder holds.
    var left: [String] {
        folder.listing().filter { $0.hasPrefix("downloads/") }.map { String($0.dropFirst("downloads/".count)) }
    }

    @discardableResult
    func fetch(_ files: [ManifestFile], progress: (TransferProgress) throws -> Void = { _ in }) throws -> [FetchedFile]
    {
        var notes: [String] = []
        defer { self.notes += notes }
        return try withoutActuallyEscaping({ notes.append($0) }) { note in
            try Downloader(options).fetch(
                Manifest(name: "m", files: files), into: downloads, progress: progress, note: note)
        }
    }

    func bytes(_ name: String = "file") throws -> [UInt8] { try folder.read("downloads/\(name)") }

    /// The error of a fetch that must fail.
    func failure(_ files: [ManifestFile]) -> String {
        do {
            try fetch(files)
            return "no error"
        } catch { return "\(error)" }
    }
}

/// The manifest entry of a content under the name `file`.
func entry(_ content: GeneratedContent, _ urls: String..., bytes: Bool = true, hash: Bool = true) -> ManifestFile {
    ManifestFile(
        name: "file", urls: urls, bytes: bytes ? content.bytes : nil, checksum: hash ? .sha256(content.sha256) : nil,
        license: "none")
}

/// Stopped with the test.
final class Serving {
    let server: LoopbackServer
    init(cuts: [Int] = [], _ handler: @escaping @Sendable (LoopbackServer.Request) -> LoopbackServer.Reply) throws {
        server = try LoopbackServer(cuts: cuts, handler: handler)
    }
    deinit { server.stop() }

    var url: String { server.url + "/file" }
    /// Bytes of bodies.
    var sent: Int { server.served.reduce(0) { $0 + $1.sent } }
}
