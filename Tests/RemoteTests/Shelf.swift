import Engine
import Fingerprints
import Foundation
import Remote
import Transfer
import TestSupport

/// A server with a remote store of ours on it.
enum Server: String, CaseIterable, Sendable {
    case nginx, rclone

    var isAvailable: Bool { self == .nginx ? NginxServer.isAvailable : RcloneServer.isAvailable }

    static var available: [Server] { allCases.filter(\.isAvailable) }

    static let dav = "client_max_body_size 0; location / { dav_methods PUT; create_full_put_path on; }"
}

/// The server, its store, and files that go there.
final class Shelf {
    let server: Server
    let nginx: NginxServer?, rclone: RcloneServer?
    let files: TemporaryFolder

    init(_ server: Server) throws {
        self.server = server
        nginx = server == .nginx ? try NginxServer(extra: Server.dav) : nil
        rclone = server == .rclone ? try RcloneServer() : nil
        files = try TemporaryFolder()
    }

    var url: String { nginx.map { $0.url("some/cache") } ?? "s3://bucket/some/cache" }

    var environment: [String: String] { rclone?.environment ?? [:] }

    func store(_ environment: [String: String] = [:], timeout: Int = 10) throws -> any RemoteStore {
        try openStore(url, self.environment.merging(environment) { $1 }, timeout: timeout)
    }

    /// Where an object lies on the server's disk.
    func path(_ key: RemoteKey) -> String {
        nginx.map { $0.folder.path("www/some/cache/\(key)") } ?? rclone!.folder.path("data/bucket/some/cache/\(key)")
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
