import Engine
import Fingerprints
import Foundation
import Remote
import Transfer

/// A remote store as a command uses it.
public struct SharedStore: Sendable {
    /// The store, with whose word counts there and what may be written.
    public let access: RemoteAccess
    /// As whom it is used.
    public let identity: String
    /// What there is to say of how it is used; nil: nothing.
    public let concern: String?

    /// What the command line allows.
    public enum Use: Sendable {
        /// As the settings say.
        case asSet
        case readOnly
        case readAndWrite
    }

    /// - Returns: nil where no remote store is named.
    /// - Throws: `RemoteError`; `FileSystemError` for a signing key that cannot be read.
    public init?(_ settings: RemoteSettings, _ use: Use, environment: [String: String], downloads: DownloadOptions)
        throws
    {
        guard let (store, identity) = try settings.store(environment: environment, downloads: downloads) else {
            return nil
        }
        let key = try? SigningKeyFile(environment: environment)
        let signing = try key?.read()
        if use == .readAndWrite, signing == nil {
            throw RemoteError(
                "\(store.name): what goes there must be signed, and there is no key at \(key?.path ?? "~/.config"); type: lavise-pipeline key new"
            )
        }
        let mayWrite = use == .readAndWrite || use == .asSet && settings.write
        var policy = RemoteAccess.Policy(
            writes: mayWrite && signing != nil, signingKey: signing, connections: settings.connections)
        policy.trust = Dictionary(
            settings.trust.sorted { $0.key < $1.key }.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        if let signing { policy.trust[signing.publicKey] = policy.trust[signing.publicKey] ?? "you" }
        access = RemoteAccess(store, policy)
        self.identity = identity
        concern =
            mayWrite && signing == nil
            ? "\(store.name) is given nothing: there is no signing key (`lavise-pipeline key new` makes one)" : nil
    }

    /// One line on what went over; nil when nothing did.
    public var summary: String? {
        let traffic = access.traffic
        guard traffic.requests > 0 else { return concern }
        func named(_ jobs: [String], _ what: String) -> [String] {
            jobs.isEmpty
                ? []
                : ["\(jobs.count) \(what) (\(jobs.prefix(8).joined(separator: ", "))\(jobs.count > 8 ? ", …" : ""))"]
        }
        let parts =
            named(traffic.found, "taken from there") + named(traffic.absent, "not there")
            + ["\(traffic.requests) requests, \(traffic.received) bytes in, \(traffic.sent) out"]
        return "\(access.store.name): \(parts.joined(separator: "; "))" + (concern.map { "\n\($0)" } ?? "")
    }
}

/// How the remote store of a project stands. Asks it for an object that nobody has; writes nothing.
func examineRemote(_ project: Project) -> [Check] {
    guard let remote = project.remote else {
        let isNamed = project.settings.remote.url != nil
        return [
            Check(
                name: "remote", isGood: true,
                found: isNamed
                    ? "not asked (--offline or --no-remote)" : "none: remote.url in lavise.json or --remote names one",
                hint: "")
        ]
    }
    let access = remote.access, name = access.store.name
    var checks = [Check(name: "remote", isGood: true, found: "\(name), as \(remote.identity)", hint: "")]
    do {
        let isThere = try access.store.has(.blob(Digest(hashing: "lavise-pipeline doctor")))
        checks.append(
            Check(
                name: "remote answers", isGood: !isThere, found: isThere ? "it has what nobody wrote" : "yes",
                hint: "is this a cache's address?"))
    } catch {
        checks.append(
            Check(
                name: "remote answers", isGood: false, found: "\(error)",
                hint: "look at remote.url, at the network, and at the credentials in the environment"))
    }
    let names = access.policy.trust.values.sorted().joined(separator: ", ")
    checks.append(
        Check(
            name: "remote trust", isGood: !names.isEmpty, found: names.isEmpty ? "nobody" : names,
            hint:
                "no trace there is used before remote.trust in lavise.json names its writer's key (`lavise-pipeline key show` prints one's own)"
        ))
    checks.append(
        Check(
            name: "remote writing", isGood: remote.concern == nil,
            found: remote.concern == nil
                ? access.policy.writes ? "yes, signed" : "no (remote.write, --remote-write)" : "no signing key",
            hint: "lavise-pipeline key new"))
    return checks
}
