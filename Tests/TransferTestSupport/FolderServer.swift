import Foundation

extension LoopbackServer {
    /// A server of the files of a folder, each whole.
    public convenience init(folder: String) throws {
        try self.init { request in
            guard let bytes = FileManager.default.contents(atPath: folder + request.path) else { return Reply("404 Not Found") }
            var reply = Reply("200 OK")
            reply.text = Array(bytes)
            return reply
        }
    }
}
