import Engine
import Fingerprints
import Foundation
import Remote
import Transfer
import TestSupport

/// A server with a remote store of ours on it.
enum Server: String, Sendable {
    case nginx, rclone, rados

    var isAvailable: Bool {
        switch self {
        case .nginx: NginxServer.isAvailable
        case .rclone: RcloneServer.isAvailable
        case .rados: RadosServer.isAvailable
        }
    }

    /// Those that are up in a moment.
    static var available: [Server] { [nginx, rclone].filter(\.isAvailable) }

    static let dav = "client_max_body_size 0; location / { dav_methods PUT; create_full_put_path on; }"
}

/// The server, its store, and files that go there.
final class Shelf {
    let server: Server
    let nginx: NginxServer?, rclone: RcloneServer?, rados: RadosServer?
    let files: TemporaryFolder
    private let place: String

    init(_ server: Server) throws {
        self.server = server
        nginx = server == .nginx ? try NginxServer(extra: Server.dav) : nil
        rclone = server == .rclone ? try RcloneServer() : nil
        rados = nil
        place = "some/cache"
        files = try TemporaryFolder()
    }

    /// A place of its own on a server that is up already.
    init(on rados: RadosServer, _ place: String) throws {
        server = .rados
        (nginx, rclone, self.rados, self.place) = (nil, nil, rados, place)
        files = try TemporaryFolder()
    }

    var s3: (any S3Server)? { rclone ?? rados }

    var url: String { nginx.map { $0.url(place) } ?? "s3://bucket/\(place)" }

    var environment: [String: String] { s3?.environment ?? [:] }

    func store(_ environment: [String: String] = [:], timeout: Int = 10) throws -> any RemoteStore {
        try openStore(url, self.environment.merging(environment) { $1 }, timeout: timeout)
    }

    /// Where an object lies on the server's disk; nil where that is not in files.
    func path(_ key: RemoteKey) -> String? {
        nginx.map { $0.folder.path("www/\(place)/\(key)") }
            ?? rclone.map { $0.folder.path("data/bucket/\(place)/\(key)") }
    }

    /// Writes a file of so many bytes, and says by what name it goes.
    func file(seed: UInt64, bytes: Int) throws -> (path: String, key: RemoteKey, content: [UInt8]) {
        let content = GeneratedContent(seed: seed, bytes: bytes).slice(0..<bytes)
        return (try files.write(content, to: "file-\(seed)-\(bytes)"), .blob(Digest(hashing: content)), content)
    }
}

func openStore(_ url: String, _ environment: [String: String] = [:], timeout: Int = 10) throws -> any RemoteStore {
    var settings = RemoteSettings()
    settings.url = url
    settings.timeout = timeout
    guard let store = try settings.store(environment: environment, downloads: DownloadOptions())?.store else {
        throw SupportError(words: "no store")
    }
    return store
}

extension RemoteStore {
    /// An object from a place on, as it came, and how many pieces had which place.
    func bytes(_ key: RemoteKey, from start: Int = 0) throws -> (first: Int, bytes: [UInt8])? {
        var first: Int?, bytes: [UInt8] = []
        let isThere = try get(key, from: start) { place, piece in
            first = first ?? place
            bytes.append(contentsOf: piece)
        }
        return isThere ? (first ?? start, bytes) : nil
    }
}
