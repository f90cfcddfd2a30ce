import ArgumentParser
import Fingerprints
import Foundation
import Pipeline
import Serving

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract:
            "The pages of experiments over HTTP, with whole heat maps and pictures of your own, drawn and explained when asked.",
        discussion: """
            Needs experiments that are up to date. Listens on this computer alone, and answers only who has the token that it
            prints as part of the address. Ends on Ctrl-C.
              serve demo
              serve demo coco_sample --port 8000
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var chosen: ExperimentOptions
    @Option(help: ArgumentHelp("The port; 0 for a free one.", valueName: "number")) var port: UInt16 = 0
    @Option(
        help: ArgumentHelp(
            "The numeric address to listen on. Anything but this computer's own lets others in who have the token.",
            valueName: "address"))
    var host = "127.0.0.1"
    @Flag(help: "Answer without a token: anybody on this computer can see the pages.") var noToken = false
    @Option(help: ArgumentHelp("End after so long without a request (default: never).", valueName: "seconds")) var idle:
        Double?
    @OptionGroup var threads: ThreadOptions

    func run() throws {
        if let idle, !(idle >= 0 && idle < 1e9) {
            throw ExperimentError("--idle \(idle): expected seconds, at least 0")
        }
        let isLoopback = host == "::1" || host.hasPrefix("127.")
        guard isLoopback || !noToken else {
            throw ExperimentError(
                "--no-token goes with this computer's own addresses alone; leave it out, or --host \(host)")
        }
        let project = try global.open()
        let files = try chosen.files(project)
        let pages = try zip(chosen.experiments, files).map { name, file in
            let page = try ReportPage(
                project.state(of: project.plan(file)), project: project, row: nil, threads: threads.count)
            return (
                name: file.resultsName, title: file.title, arguments: chosen.words(of: name), page: try ServedPage(page)
            )
        }
        let token = noToken ? nil : Self.token()
        let site = Site(pages, token: token)
        let clock = LastRequest()
        let server: HTTPServer
        do {
            server = try HTTPServer(host: host, port: port) { request in
                clock.touch()
                defer { clock.touch() }
                return site.answer(request)
            }
        } catch let error as ServingError {
            throw ExperimentError("\(error)")
        }
        defer { server.stop() }
        let name = host.contains(":") ? "[\(host)]" : host
        site.allow(hosts: Set(["\(name):\(server.port)"] + (isLoopback ? ["localhost:\(server.port)"] : [])))
        let address = "http://\(name):\(server.port)/" + (token.map { "?token=\($0)" } ?? "")
        try global.json
            ? standardOutput(json: ["schema": 1, "address": .string(address), "port": .int(Int(server.port))])
            : standardOutput(address)
        if !global.quiet {
            standardError("serving \(files.map(\.resultsName).joined(separator: ", ")); Ctrl-C ends it")
        }
        while idle.map({ clock.seconds < $0 }) ?? true { usleep(100_000) }
    }

    /// 128 bits that nobody can guess, in hexadecimal.
    private static func token() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(random.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

/// When something was last asked for.
private final class LastRequest: @unchecked Sendable {  // guarded by `lock`
    private let lock = NSLock()
    private var time = Date()

    func touch() { lock.withLock { time = Date() } }
    var seconds: Double { lock.withLock { Date().timeIntervalSince(time) } }
}
