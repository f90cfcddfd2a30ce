import Engine
import Foundation
import Transfer

extension WebClient {
    /// Sends a request whose answer must be one of `good`.
    /// - Throws: `RemoteFault` for any other.
    func ask(
        _ request: WebRequest, good: Set<Int> = [],
        receive: (ResponseHead, UnsafeRawBufferPointer) throws -> Void = { _, _ in },
        sent: (Int) throws -> Void = { _ in }
    ) throws -> ResponseHead {
        let (head, problem) = try send(request, receive: receive, sent: sent)
        if 200..<300 ~= head.status || good.contains(head.status) { return head }
        throw fault(head, request, problem)
    }

    private func fault(_ head: ResponseHead, _ request: WebRequest, _ body: [UInt8]) -> RemoteFault {
        let code = element("Code", in: String(decoding: body, as: UTF8.self)).map { " \($0)" } ?? ""
        let words = "HTTP \(head.status)\(code) for \(request.method.rawValue)"
        switch head.status {
        case 300..<400:
            return .refused(
                "\(words): it redirects"
                    + (head.fields["location"].map { " to \(WebAddress($0)?.shown ?? "elsewhere")" } ?? "")
                    + "; name that address")
        case 401, 403, 405, 501: return .refused(words)
        case 408, 409, 425, 429, 500...: return .unavailable(words)
        default: return .unusable(words)
        }
    }

    /// Brings an object from a place on.
    func get(_ request: WebRequest, from start: Int, receive: (Int, UnsafeRawBufferPointer) throws -> Void) throws
        -> Bool
    {
        var place: Int?
        // 416: there is nothing behind what is here already.
        let head = try ask(
            request, good: start > 0 ? [404, 416] : [404],
            receive: { head, bytes in
                let from = place ?? (start > 0 ? head.contentRange?.range?.lowerBound : nil) ?? 0
                try receive(from, bytes)
                place = from + bytes.count
            })
        return head.status != 404
    }
}

/// The text of the first element called so; entities as in the tags of S3's answers are resolved.
func element(_ name: String, in xml: some StringProtocol) -> String? { elements(name, in: xml).first }

/// The text of all elements called so.
func elements(_ name: String, in xml: some StringProtocol) -> [String] {
    xml.components(separatedBy: "<\(name)>").dropFirst().compactMap { part in
        part.range(of: "</\(name)>").map { end in
            String(part[..<end.lowerBound]).replacing("&quot;", with: "\"").replacing("&#34;", with: "\"").replacing(
                "&lt;", with: "<"
            ).replacing("&gt;", with: ">")
                .replacing("&amp;", with: "&")
        }
    }
}
