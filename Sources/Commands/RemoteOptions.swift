import ArgumentParser
import Pipeline
import Remote
import Transfer

/// Which remote store a verb uses, and how.
struct RemoteOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A store shared with others: http(s)://host/path, s3://bucket/prefix, or a folder (default LAVISE_REMOTE, or remote.url of lavise.json).",
            valueName: "url"))
    var remote: String?

    @Flag(help: "Take from the remote store, and give it nothing.")
    var remoteRead = false

    @Flag(help: "Give the remote store what is made here, too.")
    var remoteWrite = false

    @Flag(help: "Use no remote store.")
    var noRemote = false

    func validate() throws {
        if noRemote, remote != nil || remoteRead || remoteWrite {
            throw ValidationError("--no-remote: and yet another option of a remote store")
        }
        if remoteRead, remoteWrite {
            throw ValidationError("--remote-read and --remote-write: only one of them; --remote-write reads, too")
        }
    }

    /// The words that mean the same to a run elsewhere, whatever its environment.
    func words(_ environment: [String: String], _ places: Places) -> [String] {
        let named = (remote ?? environment["LAVISE_REMOTE"]).map {
            ["--remote", $0.contains("://") ? $0 : places.argumentPath($0)]
        }
        let flags = [("--remote-read", remoteRead), ("--remote-write", remoteWrite), ("--no-remote", noRemote)]
        return (noRemote ? [] : named ?? []) + flags.filter(\.1).map(\.0)
    }

    /// - Returns: nil where none is named or wanted; without the network none but a folder is.
    func store(
        _ settings: RemoteSettings, _ environment: [String: String], _ downloads: DownloadOptions, _ places: Places
    ) throws -> SharedStore? {
        guard !noRemote else { return nil }
        var settings = settings
        if let named = remote ?? environment["LAVISE_REMOTE"] {
            settings.url = named.contains("://") ? named : "file://" + places.argumentPath(named)
        }
        if downloads.offline, settings.url?.hasPrefix("file://") != true { return nil }
        return try SharedStore(
            settings, remoteWrite ? .readAndWrite : remoteRead ? .readOnly : .asSet, environment: environment,
            downloads: downloads)
    }
}
