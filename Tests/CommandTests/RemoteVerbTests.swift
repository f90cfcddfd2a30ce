import Fingerprints
import Foundation
import Testing
import TestSupport

/// Two users of the real program, each with a project and a store of their own, and a server between them.
struct Neighbours {
    enum Server: String, CaseIterable, Sendable {
        case nginx, rclone

        static var available: [Server] {
            (NginxServer.isAvailable ? [.nginx] : []) + (RcloneServer.isAvailable ? [.rclone] : [])
        }
    }

    let nginx: NginxServer?, rclone: RcloneServer?
    let maker: Command, reader: Command
    let makersKey: String

    static func with(_ server: Server, _ body: (Neighbours) throws -> Void) throws {
        try Command.inMemory { maker in
            try Command.inMemory { reader in
                try body(Neighbours(server, maker, reader))
            }
        }
    }

    private init(_ server: Server, _ maker: Command, _ reader: Command) throws {
        nginx =
            server == .nginx
            ? try NginxServer(extra: "client_max_body_size 0; location / { dav_methods PUT; create_full_put_path on; }")
            : nil
        rclone = server == .rclone ? try RcloneServer() : nil
        self.maker = maker
        self.reader = reader
        for command in [maker, reader] { try command.makeTiny() }
        #expect(try maker.run(["key", "new"], environment: ["LAVISE_KEY": maker.path("key.pem")]).code == 0)
        let shown = try maker.run(["key", "show", "--json"], environment: ["LAVISE_KEY": maker.path("key.pem")])
        makersKey = try #require(try Value(json: Array(shown.output.utf8))["key"]?.stringValue)
        try maker.write("lavise.json", #"{"remote": {"url": "\#(url)", "write": true, "timeout": 2}}"#)
        try reader.write(
            "lavise.json", #"{"remote": {"url": "\#(url)", "timeout": 2, "trust": {"maker": "\#(makersKey)"}}}"#)
    }

    var url: String { nginx?.url("cache") ?? "s3://bucket/cache" }
    /// Where the server keeps what it has.
    var disk: String { nginx?.folder.path("www/cache") ?? rclone?.folder.path("data/bucket/cache") ?? "" }

    private func environment(_ command: Command) -> [String: String] {
        (rclone?.environment ?? [:]).merging(["LAVISE_KEY": command.path("key.pem")]) { $1 }
    }

    func make(_ arguments: String..., environment more: [String: String] = [:]) throws -> Command.Outcome {
        try maker.run(arguments, environment: environment(maker).merging(more) { $1 })
    }

    func read(_ arguments: String..., environment more: [String: String] = [:]) throws -> Command.Outcome {
        try reader.run(arguments, environment: environment(reader).merging(more) { $1 })
    }

    /// The last line of what was said of the remote store.
    func traffic(_ outcome: Command.Outcome) throws -> (requests: Int, received: Int, sent: Int) {
        let found = try #require(
            outcome.errors.firstMatch(of: /(\d+) requests, (\d+) bytes in, (\d+) out/), "\(outcome.errors)")
        return (Int(found.output.1) ?? -1, Int(found.output.2) ?? -1, Int(found.output.3) ?? -1)
    }

    func ran(_ outcome: Command.Outcome) -> [String] {
        RunningCommand.End(id: 0, wasKilled: false, code: outcome.code, errors: outcome.errors).ran
    }

    func forgetReader() throws {
        for name in [".lavise", "results"] { try? FileManager.default.removeItem(atPath: reader.path(name)) }
    }

    func objects(_ kind: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(disk)/\(kind)").sorted()
    }
}

@Suite(.waits, .serialized, .enabled(if: !Neighbours.Server.available.isEmpty, "nginx or rclone is needed"))
struct RemoteVerbTests {
    private static let stages = 8

    @Test(arguments: Neighbours.Server.available) func aSecondUserMakesTheTablesFromTheRemoteStore(
        server: Neighbours.Server
    ) throws {
        try Neighbours.with(server) { both in
            let made = try both.make("run", "x.json")
            #expect(made.code == 0 && both.ran(made).count == Self.stages, "\(made.errors)")
            #expect(try both.objects("ac").count == Self.stages)

            let read = try both.read("run", "x.json")
            #expect(read.code == 0 && both.ran(read).isEmpty, "\(read.errors)")
            #expect(read.errors.contains("\(Self.stages) taken from there") && read.output == made.output)
            #expect(try both.reader.files("results/x") == both.maker.files("results/x"))
            // A trace a stage, the tables' listing and files, and nothing else: neither images nor maps.
            let traffic = try both.traffic(read), tables = try both.reader.files("results/x").count
            #expect(traffic.requests <= Self.stages + 1 + tables && traffic.received < 300_000, "\(traffic)")
            if let nginx = both.nginx {
                let served = nginx.log().filter { $0.hasPrefix("200") }.filter { !$0.contains("\"HEAD") }
                let bytes = served.compactMap { Int($0.split(separator: " ").dropLast().last ?? "") }.reduce(0, +)
                #expect(
                    bytes >= traffic.received && bytes < 300_000, "\(bytes) bytes by the server's own count, \(traffic)"
                )
            }
            // Nothing is asked again, and without the remote store all is there that was asked for.
            #expect(try both.read("run", "x.json").errors.contains("requests") == false)
            #expect(try both.read("run", "x.json", "--offline").code == 0)
            #expect(try both.read("status", "x.json", "--exit-code", "--no-progress").code == 0)
            // What is not here says so, and how it comes.
            let report = try both.read("report", "x.json")
            #expect(
                report.code == 2
                    && report.errors.contains("lies in a remote store only; type: lavise-pipeline pull x --only"),
                "\(report.errors)")
            #expect(try both.read("pull", "x.json").code == 0)
            #expect(try both.read("report", "x.json").code == 0)
        }
    }

    /// The sample's tables, by a second user who has its data and an empty store: less than a megabyte comes over.
    /// It takes a run of the sample, and so is for `make test-remote`.
    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["LAVISE_SERVERS"] != nil, "make test-remote runs it"),
        arguments: Neighbours.Server.available) func theSamplesTablesAreAMegabyte(server: Neighbours.Server) throws
    {
        let repository = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized.path
        let data =
            ProcessInfo.processInfo.environment["LAVISE_REFERENCE"].map { $0 + "/data" } ?? repository
            + "/../shared/data"
        guard FileManager.default.fileExists(atPath: data + "/coco-sample") else {
            return print("skipped: no \(data)/coco-sample")
        }
        try Neighbours.with(server) { both in
            for command in [both.maker, both.reader] {
                try FileManager.default.createDirectory(
                    atPath: command.path("experiments"), withIntermediateDirectories: true)
                try FileManager.default.copyItem(
                    atPath: repository + "/experiments/coco_sample.json",
                    toPath: command.path("experiments/coco_sample.json"))
            }
            let made = try both.make("run", "coco_sample", "--data", data)
            #expect(made.code == 0, "\(made.errors)")
            let start = Date()
            let read = try both.read("run", "coco_sample", "--data", data)
            let seconds = Date().timeIntervalSince(start), traffic = try both.traffic(read)
            #expect(read.code == 0 && both.ran(read).isEmpty && read.output == made.output, "\(read.errors)")
            #expect(traffic.received < 1_000_000, "\(traffic)")
            print("coco_sample from \(server): \(seconds) s, \(traffic)")
        }
    }

    @Test(arguments: Neighbours.Server.available) func whatIsReadComesAndWhatIsGoneIsMade(server: Neighbours.Server)
        throws
    {
        try Neighbours.with(server) { both in
            #expect(try both.make("run", "x.json").code == 0)
            #expect(try both.read("run", "x.json").code == 0)
            // Another evaluation reads what only the server has.
            let more = try both.read("run", "x.json", "--set", "evaluate.topImages=3")
            #expect(more.code == 0 && Set(both.ran(more)) == ["evaluate", "evidence", "tables"], "\(more.errors)")
            let here = try both.read(
                "run", "x.json", "--set", "evaluate.topImages=3", "--no-remote", "--store", "other")
            #expect(here.output == more.output && both.ran(here).count == Self.stages)

            // The same with all artifacts gone from the server: the actions are there and their blobs are not.
            try both.forgetReader()
            #expect(try both.read("run", "x.json").code == 0)
            for name in try both.objects("cas") {
                try FileManager.default.removeItem(atPath: "\(both.disk)/cas/\(name)")
            }
            // rclone remembers its folders.
            both.rclone?.stop()
            try both.rclone?.start()
            let alone = try both.read("run", "x.json", "--set", "evaluate.topImages=3")
            #expect(alone.code == 0 && alone.output == more.output, "\(alone.errors)")
            #expect(alone.errors.contains("cannot be had from") && alone.errors.contains("is gone"))
        }
    }

    /// A bit of every object of a kind.
    @Test(arguments: Neighbours.Server.available, ["ac", "cas"]) func damageOnTheServerIsFoundAndMadeGood(
        server: Neighbours.Server, kind: String
    ) throws {
        try Neighbours.with(server) { both in
            let made = try both.make("run", "x.json")
            for name in try both.objects(kind) {
                let path = "\(both.disk)/\(kind)/\(name)"
                var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                guard !bytes.isEmpty else { continue }
                // Of an action a bit of the trace, which stands behind the list of files.
                bytes[kind == "ac" ? bytes.count - 200 : bytes.count / 2] ^= 4
                try FileManager.default.removeItem(atPath: path)
                try bytes.write(to: URL(fileURLWithPath: path))
            }
            let read = try both.read("run", "x.json")
            #expect(read.code == 0 && read.output == made.output, "\(read.errors)")
            #expect(try both.reader.files("results/x") == both.maker.files("results/x"))
            #expect(read.errors.contains(kind == "ac" ? "is not used" : "cannot be had from"), "\(read.errors)")
            if kind == "ac" { #expect(both.ran(read).count == Self.stages, "\(read.errors)") }
        }
    }

    @Test func aStrangersTracesAreNotUsed() throws {
        try Neighbours.with(try #require(Neighbours.Server.available.first)) { both in
            #expect(try both.make("run", "x.json").code == 0)
            try both.reader.write(
                "lavise.json",
                #"{"remote": {"url": "\#(both.url)", "trust": {"somebody": "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}}"#
            )
            let read = try both.read("run", "x.json")
            #expect(read.code == 0 && both.ran(read).count == Self.stages)
            #expect(read.errors.contains("no key that is trusted signed it (\(both.makersKey))"), "\(read.errors)")
            // Nor does such a user overwrite what lies there.
            #expect(try both.read("key", "new").code == 0)
            let before = try Data(contentsOf: URL(fileURLWithPath: both.disk + "/ac/" + both.objects("ac")[0]))
            let push = try both.read("push", "x.json")
            #expect(push.code == 3 && push.output.contains("a trace lies there that no trusted key signed"), "\(push)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: both.disk + "/ac/" + both.objects("ac")[0])) == before)
        }
    }

    @Test(arguments: Neighbours.Server.available) func killedPushesAndPullsAreFinishedByTheNext(
        server: Neighbours.Server
    ) throws {
        try Neighbours.with(server) { both in
            #expect(try both.make("run", "x.json", "--no-remote").code == 0)
            for place in ["remote.sent:1", "remote.sent:4", "remote.blobs:2", "remote.sent:9", "remote.blobs:1"] {
                let end = try both.make("push", "x.json", environment: ["LAVISE_FAULT": place])
                #expect(end.code == 9, "\(place): \(end.code) \(end.errors)")
                // Whatever traces are there, all that they stand on is, too.
                try both.forgetReader()
                let pull = try both.read("pull", "x.json")
                #expect(!pull.errors.contains("cannot be had"), "\(place): \(pull.errors)")
            }
            #expect(try both.make("push", "x.json").code == 0)
            for place in ["remote.received:1", "remote.received:3", "remote.received:12", "artifact.renamed:2"] {
                _ = try both.read("pull", "x.json", environment: ["LAVISE_FAULT": place])
            }
            try both.forgetReader()
            for place in ["remote.received:2", "remote.received:6", "artifact.renamed:1"] {
                #expect(try both.read("pull", "x.json", environment: ["LAVISE_FAULT": place]).code == 9, "\(place)")
            }
            #expect(try both.read("pull", "x.json").code == 0)
            #expect(try both.read("run", "x.json", "--verify", "--no-remote").errors.contains("\(Self.stages) fresh"))
            #expect(try both.reader.files("results/x") == both.maker.files("results/x"))
        }
    }

    @Test func aServerThatIsNotThereCostsALine() throws {
        try Neighbours.with(try #require(Neighbours.Server.available.first)) { both in
            try both.reader.write(
                "lavise.json",
                #"{"remote": {"url": "http://127.0.0.1:\#(try freePort())/x", "timeout": 1, "trust": {"maker": "\#(both.makersKey)"}}}"#
            )
            let read = try both.read("run", "x.json")
            #expect(read.code == 0 && both.ran(read).count == Self.stages)
            #expect(
                read.errors.components(separatedBy: "it is not used for the rest of this run").count == 2,
                "\(read.errors)")
            #expect(try both.traffic(read).requests == 3)
            let doctor = try both.read("doctor")
            #expect(doctor.output.contains(#/lacks\s+remote answers/#), "\(doctor.output)")
            try both.forgetReader()
            #expect(try both.read("pull", "x.json").code == 8)
            let offline = try both.read("pull", "x.json", "--offline")
            #expect(offline.code == 2 && offline.errors.contains("--offline"))
        }
    }

    @Test(.enabled(if: RcloneServer.isAvailable, "rclone is needed")) func aWrongSecretEndsItForTheRun() throws {
        try Neighbours.with(.rclone) { both in
            #expect(try both.make("run", "x.json").code == 0)
            let read = try both.read("run", "x.json", environment: ["AWS_SECRET_ACCESS_KEY": "wrong"])
            #expect(read.code == 0 && both.ran(read).count == Self.stages)
            #expect(try both.traffic(read).requests == 1)
            #expect(
                read.errors.contains("HTTP 403 SignatureDoesNotMatch for GET; it is not read for the rest of this run"),
                "\(read.errors)")
            #expect(!read.errors.contains("wrong"))
        }
    }

    @Test func otherBytesUnderOneFingerprintAreExitCodeFive() throws {
        try Neighbours.with(try #require(Neighbours.Server.available.first)) { both in
            #expect(try both.make("run", "x.json").code == 0)
            // The reader's own tables are others: a line of its trace says so, and it signs as somebody trusted.
            try FileManager.default.copyItem(atPath: both.maker.path("key.pem"), toPath: both.reader.path("key.pem"))
            #expect(try both.read("run", "x.json", "--no-remote").code == 0)
            let ac = both.reader.path(".lavise/ac")
            let traces = try FileManager.default.subpathsOfDirectory(atPath: ac).filter { $0.count == 67 }
            let tables = try #require(
                try traces.first {
                    try String(contentsOfFile: "\(ac)/\($0)", encoding: .utf8).contains(#""job": "tables""#)
                })
            try both.swapTables(tables)
            let push = try both.read("push", "x.json")
            #expect(
                push.code == 5 && push.errors.contains("is not deterministic") && push.errors.contains("signed by"),
                "\(push)")
        }
    }

    /// Bazel's own description of the format reads what lies under `/ac/`, and all that it names is there.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/protoc"), "protoc is needed"))
    func protocReadsTheActions() throws {
        try Neighbours.with(try #require(Neighbours.Server.available.first)) { both in
            #expect(try both.make("run", "x.json").code == 0)
            // The messages' fields as remote_execution.proto (v2) numbers them.
            try both.maker.write(
                "action.proto",
                """
                syntax = "proto3";
                message Digest { string hash = 1; int64 size_bytes = 2; }
                message OutputFile { string path = 1; Digest digest = 2; bool is_executable = 4; }
                message ActionResult { repeated OutputFile output_files = 2; int32 exit_code = 4; bytes stdout_raw = 5; }
                """)
            var named: Set<String> = []
            for name in try both.objects("ac") {
                let decoded = try runProgram(
                    "/bin/sh", ["-c", "protoc --decode=ActionResult action.proto < '\(both.disk)/ac/\(name)'"],
                    in: both.maker.root)
                #expect(decoded.status == 0, "\(decoded.errors)")
                #expect(
                    decoded.output.contains("stdout_raw: \"{")
                        && decoded.output.contains("lavise-pipeline signed trace"))
                let files = decoded.output.matches(
                    of: #/path: "([^"]+)"\s+digest \{\s+hash: "([0-9a-f]{64})"(?:\s+size_bytes: (\d+))?/#)
                #expect(!files.isEmpty)
                for file in files {
                    let (hash, path) = (String(file.output.2), "\(both.disk)/cas/\(file.output.2)")
                    named.insert(hash)
                    #expect(try Digest(contentsOf: path).hex == hash)
                    #expect(
                        try Data(contentsOf: URL(fileURLWithPath: path)).count == file.output.3.flatMap { Int($0) }
                            ?? 0, "\(file.output.1)")
                }
            }
            #expect(try named == Set(both.objects("cas")))
        }
    }
}

extension Neighbours {
    /// Gives the reader's store tables with another byte, and a trace of them that is sound in itself.
    fileprivate func swapTables(_ trace: String) throws {
        let path = reader.path(".lavise/ac/\(trace)")
        let value = try Value(json: Array(Data(contentsOf: URL(fileURLWithPath: path))))
        guard case .object(var members) = value, case .array(var outcomes)? = members["outcomes"],
            case .object(var outcome) = outcomes[0],
            case .array(var outputs)? = outcome["outputs"], case .object(var output) = outputs[0],
            let digest = output["digest"]?.stringValue
        else { throw SupportError(words: "no trace: \(path)") }
        let folder = reader.path(".lavise/cas/\(digest.prefix(2))/\(digest)")
        let new = reader.path("new")
        try FileManager.default.copyItem(atPath: folder, toPath: new)
        _ = try runProgram("/bin/sh", ["-c", "chmod -R u+w new && echo >> new/recall.csv"], in: reader.root)
        var listing = Array("lavise folder 1\0".utf8), bytes = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: new).sorted(by: {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }) {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(new)/\(name)"))
            bytes += data.count
            listing += Array("\(Digest(hashing: Array(data)).hex) \(name)".utf8) + [0]
        }
        let changed = Digest(hashing: listing).hex
        let place = reader.path(".lavise/cas/\(changed.prefix(2))")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: new, toPath: "\(place)/\(changed)")
        output["digest"] = .string(changed)
        output["bytes"] = .int(bytes)
        outputs[0] = .object(output)
        outcome["outputs"] = .array(outputs)
        outcomes[0] = .object(outcome)
        members["outcomes"] = .array(outcomes)
        members["digest"] = .string(
            Value.array([members["job"] ?? .null, members["inputs"] ?? .null, .array(outcomes)]).digest.hex)
        try Data(Value.object(members).json(pretty: true).utf8).write(to: URL(fileURLWithPath: path))
    }
}
