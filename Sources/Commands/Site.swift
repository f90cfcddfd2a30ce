import Fingerprints
import Foundation
import Imaging
import Pipeline
import Serving
import Synchronization

/// What `serve` answers. Nothing of a request becomes a path: names are looked up among the experiments, numbers are
/// numbers.
final class Site: Sendable {
    /// Pictures of the user's that are explained at once.
    private static let filtersShown = 20

    private let pages: [(name: String, title: String, arguments: [String], page: ServedPage)]
    private let token: String?
    /// The only names under which a browser may ask: other sites' names that lead here are refused.
    private let hosts: Mutex<Set<String>> = Mutex([])

    /// - Parameter token: what a request must know; nil for none.
    init(_ pages: [(name: String, title: String, arguments: [String], page: ServedPage)], token: String?) {
        self.pages = pages
        self.token = token
    }

    /// What `Host` may say.
    func allow(hosts names: Set<String>) { hosts.withLock { $0 = names } }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard let host = request.header("host"), hosts.withLock({ $0.contains(host) }) else {
            return secured(.text(421, "this address is not served under that name"))
        }
        if let token {
            if let given = request.argument("token") {
                guard isSame(given, token) else {
                    return secured(.text(403, "the token is wrong; open the address that `serve` printed"))
                }
                let cookie = "lavise=\(token); Path=/; HttpOnly; SameSite=Strict"
                return secured(
                    HTTPResponse(
                        status: 303, type: "text/plain", body: [], headers: [("Location", "/"), ("Set-Cookie", cookie)])
                )
            }
            guard let given = request.cookie("lavise"), isSame(given, token) else {
                return secured(.text(403, "open the address that `serve` printed: it has the token"))
            }
        }
        do {
            return secured(try content(request))
        } catch let error as ExperimentError {
            return secured(.text(404, "\(error)"))
        } catch let error as ImagingError {
            return secured(.text(422, "\(error)"))
        } catch {
            return secured(.text(500, describe(error)))
        }
    }

    private func content(_ request: HTTPRequest) throws -> HTTPResponse {
        let parts = request.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if request.method == "POST" {
            guard parts.count == 3, parts[1] == "explain", let row = Int(parts[2]) else {
                return .text(404, "there is nothing to send to")
            }
            // A page from elsewhere cannot send here: it would have another origin.
            let origin = request.header("origin").map { $0.split(separator: "/").last.map(String.init) ?? "" }
            guard origin == nil || origin == request.header("host") else { return .text(403, "sent by another site") }
            return try explain(request, try page(parts[0]), row)
        }
        guard request.method == "GET" || request.method == "HEAD" else { return .text(405, "GET and POST alone") }
        if parts == [""] { return index() }
        let found = try entry(parts[0])
        switch Array(parts.dropFirst()) {
        case []:
            return HTTPResponse(
                status: 303, type: "text/plain", body: [], headers: [("Location", "/\(escaped(parts[0]))/")])
        case [""]:
            return HTTPResponse(
                type: "text/html; charset=utf-8", body: Array(try found.page.html(arguments: found.arguments).utf8))
        case let rest where rest.count == 3 && ["sheet", "strip"].contains(rest[0]):
            guard let row = Int(rest[1]), let filter = number(rest[2], ".jpg") else { break }
            let draw = rest[0] == "sheet" ? found.page.sheet : found.page.strip
            return HTTPResponse(
                type: "image/jpeg", body: try draw(row, filter),
                headers: [("Cache-Control", "private, max-age=3600")])
        case let rest where rest.count == 4 && rest[0] == "map":
            guard let row = Int(rest[1]), let filter = Int(rest[2]), let rank = number(rest[3], ".png") else { break }
            return HTTPResponse(type: "image/png", body: try found.page.map(row: row, filter: filter, rank: rank))
        default: break
        }
        return .text(404, "there is no such page")
    }

    private func explain(_ request: HTTPRequest, _ page: ServedPage, _ row: Int) throws -> HTTPResponse {
        let folder = FileManager.default.temporaryDirectory.appending(path: "lavise-serve-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "your picture")
        try Data(request.body).write(to: file)
        let seen = try page.explain(
            picture: file.path, row: row, method: request.argument("method"), filters: nil, count: Self.filtersShown)
        let list = try seen.map { one -> Value in
            [
                "filter": .int(one.filter), "strength": one.strength.map { .double($0) } ?? .null,
                "area": .double(one.area),
                "words": .array(
                    one.words.prefix(5).map { ["word": .string($0.text), "similarity": .double($0.similarity)] }),
                "picture": .string(Data(try encodePNG(one.heatMap)).base64EncodedString()),
            ]
        }
        let document: Value = ["schema": 1, "filters": .array(list)]
        return HTTPResponse(type: "application/json", body: Array(document.json(pretty: false).utf8))
    }

    /// The experiments; the only one's page where there is one.
    private func index() -> HTTPResponse {
        if pages.count == 1 {
            return HTTPResponse(
                status: 303, type: "text/plain", body: [], headers: [("Location", "/\(escaped(pages[0].name))/")])
        }
        let links = pages.map { "<li><a href=\"/\(escaped($0.name))/\">\(text($0.name))</a>: \(text($0.title))</li>" }
            .joined(separator: "\n")
        let html = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>lavise-pipeline</title></head>
            <body><h1>Experiments</h1><ul>
            \(links)
            </ul></body></html>
            """
        return HTTPResponse(type: "text/html; charset=utf-8", body: Array(html.utf8))
    }

    private func entry(_ name: String) throws -> (name: String, title: String, arguments: [String], page: ServedPage) {
        guard let found = pages.first(where: { $0.name == name }) else {
            throw ExperimentError("\"\(name)\" is not served")
        }
        return found
    }

    private func page(_ name: String) throws -> ServedPage { try entry(name).page }

    private func number(_ text: String, _ ending: String) -> Int? {
        text.hasSuffix(ending) ? Int(text.dropLast(ending.count)) : nil
    }

    private func escaped(_ name: String) -> String {
        name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    private func text(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: "\"", with: "&quot;")
    }

    /// In a time that says nothing of where they differ.
    private func isSame(_ a: String, _ b: String) -> Bool {
        let a = Array(a.utf8)
        let b = Array(b.utf8)
        return a.count == b.count && zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func secured(_ response: HTTPResponse) -> HTTPResponse {
        var response = response
        response.headers += [
            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Resource-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
        ]
        if !response.headers.contains(where: { $0.name == "Cache-Control" }) {
            response.headers.append(("Cache-Control", "no-store"))
        }
        return response
    }
}
