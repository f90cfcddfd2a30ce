import Foundation

extension LoopbackServer {
    /// A server of the files of a folder, whole or in the range asked for.
    /// - Throws: `SupportError` where no port can be listened on.
    public convenience init(folder: String) throws {
        try self.init { request in
            guard let file = FileManager.default.contents(atPath: folder + request.path) else {
                return Reply("404 Not Found")
            }
            var reply = Reply("200 OK", ["ETag": "\"\(file.count)\""])
            reply.text = Array(file)
            guard let range = request.range(of: file.count),
                request.fields["if-range"] ?? reply.fields["ETag"] == reply.fields["ETag"]
            else { return reply }
            reply.status = "206 Partial Content"
            reply.fields["Content-Range"] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.count)"
            reply.text = Array(file[range])
            return reply
        }
    }
}
