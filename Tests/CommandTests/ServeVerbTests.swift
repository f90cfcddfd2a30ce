import TestSupport
import Fingerprints
import Foundation
import Testing

/// `serve`: the page over HTTP, its guards, and what it draws and explains when asked.
@Suite(.waits, .serialized) struct ServeVerbTests {
    /// A running `serve`, ended with the value.
    final class Server {
        let address: String
        private let process = Process()

        init(_ command: Command, _ arguments: [String]) throws {
            let output = Pipe()
            process.executableURL = Command.binary
            process.arguments = ["serve"] + arguments + ["-C", command.root, "--idle", "120", "-q"]
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            var line: [UInt8] = []
            while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
                line.append(byte)
            }
            address = String(decoding: line, as: UTF8.self)
        }

        var base: String { String(address.prefix { $0 != "?" }) }

        /// curl's answer: the status and the body.
        func ask(_ path: String, _ options: [String] = []) throws -> (status: Int, head: String, body: String) {
            let curl = Process()
            let output = Pipe()
            curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            curl.arguments = ["curl", "-s", "--path-as-is", "-i", "--max-time", "60"] + options + [base + path]
            curl.standardOutput = output
            try curl.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            curl.waitUntilExit()
            let parts = text.components(separatedBy: "\r\n\r\n")
            let head = parts.first { !$0.hasPrefix("HTTP/1.1 100") } ?? ""
            return (Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0, head, parts.last ?? "")
        }

        var cookie: [String] { ["-H", "Cookie: lavise=\(address.components(separatedBy: "token=").last ?? "")"] }

        deinit {
            process.terminate()
            process.waitUntilExit()
        }
    }

    @Test func onlyWhoHasTheTokenIsAnswered() throws {
        try StreamTests.withProject { command in
            let server = try Server(command, ["x"])
            #expect(
                server.address.hasPrefix("http://127.0.0.1:") && server.address.contains("?token="), "\(server.address)"
            )
            #expect(try server.ask("").status == 403)
            #expect(try server.ask("x/").status == 403)
            #expect(try server.ask("?token=wrong").status == 403)
            #expect(try server.ask("x/", ["-H", "Cookie: lavise=0"]).status == 403)
            // Another site's name that leads here is no name of ours.
            #expect(try server.ask("x/", server.cookie + ["-H", "Host: evil.example"]).status == 421)
            #expect(
                try server.ask(
                    "x/explain/0", server.cookie + ["-H", "Origin: http://evil.example", "--data-binary", "x"]
                ).status == 403)
            let opened = try server.ask(String(server.address.dropFirst(server.base.count)))
            #expect(
                opened.status == 303 && opened.head.contains("HttpOnly; SameSite=Strict")
                    && opened.head.contains("Location: /"), "\(opened)")
            let page = try server.ask("x/", server.cookie)
            #expect(
                page.status == 200 && page.body.contains("Your own picture") && page.head.contains("nosniff"),
                "\(page.head)")
            #expect(try server.ask("x/", server.cookie + ["-X", "PUT"]).status == 405)
        }
    }

    @Test func noPathLeadsOutOfWhatIsServed() throws {
        try StreamTests.withProject { command in
            let server = try Server(command, ["x"])
            for path in [
                "../../etc/passwd", "x/../../../etc/passwd", "x/sheet/0/../../../../etc/passwd",
                "x/%2e%2e/%2e%2e/etc/passwd", "x/sheet/0/..%2f..%2fpasswd.jpg",
                "x/map/0/0/../0.png", "results/x/recall.csv", ".lavise/lavise-store.json", "x/sheet/-1/0.jpg",
                "x/sheet/0/99.jpg", "x/sheet/9/0.jpg",
                "x/map/0/0/-1.png", "x/map/0/0/99.png", "x/sheet/99999999999999999999/0.jpg", "y/", "x/report.html",
                "x//", "//x/", "x/sheet/0/0%00.jpg",
            ] {
                let answer = try server.ask(path, server.cookie)
                #expect(answer.status == 404 && !answer.body.contains("root:"), "\(path): \(answer)")
            }
            let sheet = try server.ask("x/sheet/0/0.jpg", server.cookie)
            let map = try server.ask("x/map/0/1/1.png", server.cookie)
            #expect(
                sheet.status == 200 && sheet.head.contains("image/jpeg") && map.status == 200
                    && map.head.contains("image/png"), "\(sheet.head) \(map.head)")
            #expect(try server.ask("x", server.cookie).head.contains("Location: /x/"))
            let long = command.path("long")
            _ = FileManager.default.createFile(atPath: long, contents: Data(count: 33 << 20))
            #expect(try server.ask("x/explain/0", server.cookie + ["--data-binary", "@\(long)"]).status == 413)
            #expect(try server.ask("x/explain/0", server.cookie + ["--data-binary", "no picture"]).status == 422)
        }
    }

    /// A picture that is sent is explained as `explain --image` explains it.
    @Test func aPictureIsExplained() throws {
        try StreamTests.withProject { command in
            let server = try Server(command, ["x"])
            let picture = try Self.scene(command)
            let answer = try Value(
                json: server.ask("x/explain/0?method=original", server.cookie + ["--data-binary", "@\(picture)"]).body)
            let said = try Value(
                json: Array(command.run("explain", "x", "--image", picture, "--json", "--words", "20").output.utf8))
            let served = try #require(answer["filters"]?.arrayValue)
            let own = try #require(said["filters"]?.arrayValue)
            #expect(served.count == own.count && served.map { $0["strength"] } == own.map { $0["strength"] })
            #expect(served[0]["words"]?.arrayValue?.first?["word"] == own[0]["words"]?.arrayValue?.first?["word"])
            #expect(
                try server.ask("x/explain/0?method=nothing", server.cookie + ["--data-binary", "@\(picture)"]).status
                    == 404)
        }
    }

    /// One of the drawn scenes, out of the store.
    private static func scene(_ command: Command) throws -> String {
        let stages =
            try Value(json: Array(command.run("status", "x", "--json").output.utf8))["stages"]?.arrayValue ?? []
        let scenes = try #require(
            stages.first { $0["name"] == "scenes" }?["outputs"]?.arrayValue?.first?["path"]?.stringValue)
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: scenes + "/val2017").sorted().first)
        return "\(scenes)/val2017/\(name)"
    }

    @Test(.enabled(if: Browser.program != nil, "needs Debian's chromium")) func thePageInABrowser() throws {
        try StreamTests.withProject { command in
            let server = try Server(command, ["x"])
            let page = try Browser()
            try page.show(width: 1280, height: 900)
            try page.open(address: server.address)
            #expect(try page.text("location.pathname + location.search") == "/x/", "the token is out of the address")
            try page.click("#filter-0 .open")
            try page.wait(until: "document.querySelectorAll('.tile button').length > 0")
            try page.click(".tile button")
            try page.wait(until: "document.querySelector('dialog[open] img').naturalWidth === 680")
            try page.click("dialog button")
            try page.choose(file: Self.scene(command), in: "#own-file")
            try page.wait(until: "document.querySelectorAll('#own-tiles .tile img').length > 0")
            #expect(try page.text("document.querySelector('#own-tiles a').textContent").hasPrefix("filter "))
            // The same picture dragged onto the page; and beside its place, where nothing may come of it.
            let chosen = try page.text("document.getElementById('own-tiles').textContent")
            try page.evaluate("document.getElementById('own-tiles').replaceChildren()")
            try page.drop(file: Self.scene(command), on: "h1")
            #expect(try page.text("location.pathname + document.querySelectorAll('#own-tiles .tile').length") == "/x/0")
            try page.drop(file: Self.scene(command), on: "#drop")
            try page.wait(until: "document.querySelectorAll('#own-tiles .tile img').length > 0")
            #expect(try page.text("document.getElementById('own-tiles').textContent") == chosen)
            let faint = try page.tooFaint()
            #expect(faint.isEmpty, "\(faint)")
            #expect(page.complaints.isEmpty, "\(page.complaints)")
            #expect(
                page.requests.allSatisfy {
                    $0.hasPrefix(server.base) || $0.hasPrefix("data:") || $0.hasPrefix("blob:")
                }, "\(page.requests)")
            // What is no picture is said, and the page goes on. (The browser notes the refusal.)
            try page.drop(file: command.path("experiments/x.json"), on: "#drop")
            try page.wait(until: "document.getElementById('own-state').textContent.includes('no picture')")
        }
    }

    @Test func whatCannotBeServedIsSaid() throws {
        try StreamTests.withProject { command in
            for (arguments, text) in [
                (["--host", "0.0.0.0", "--no-token"], "--no-token goes with"),
                (["--host", "nowhere.example"], "expected a numeric address"),
                (["--idle", "-1"], "--idle"), (["--set", "seed=7"], "is not up to date"),
            ] {
                let end = try command.run(["serve", "x"] + arguments)
                #expect(end.code == 2 && end.errors.contains(text), "\(end)")
            }
            let first = try Server(command, ["x"])
            let port = first.base.split(separator: ":").last?.dropLast() ?? ""
            let second = try command.run("serve", "x", "--port", String(port))
            #expect(second.code == 2 && second.errors.contains("cannot listen on 127.0.0.1"), "\(second)")
        }
    }
}
