import Foundation

/// Where the file of an image of `instances_*.json` lies: its `file_name`, or the last part of a URL. Exports write it
/// in many ways: with the image folder or the path of another machine before it, with `\` for `/`.
struct COCOFileName {
    /// Parts joined by "/", none of them "..".
    let path: String

    /// - Throws: `JSONProblem` when the image names no file.
    init(_ image: JSONValue) throws {
        for key: StaticString in ["file_name", "coco_url", "flickr_url", "url"] {
            guard let value = image.optional(key), !value.isNull else { continue }
            let path = Self.cleaned(try value.string(key))
            if !path.isEmpty {
                self.path = path
                return
            }
        }
        throw JSONProblem("neither \"file_name\" nor a URL (\"coco_url\", \"flickr_url\")")
    }

    private static func cleaned(_ text: String) -> String {
        var text = text
        if text.contains("://") {
            text = text.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").last.map(String.init) ?? ""
            text = text.removingPercentEncoding ?? text
        }
        let parts = text.split { $0 == "/" || $0 == "\\" }
        // What a path does before its last ".." says nothing of the place below the image folder.
        let below = parts.lastIndex(of: "..").map { parts[($0 + 1)...] } ?? parts[...]
        return below.filter { $0 != "." }.joined(separator: "/")
    }

    /// The image's path in a folder: the longest end of `path` that is there; of a file that is nowhere the last part,
    /// so that reading it names a file. Where it is not there as it is written, it may be as a URL writes it
    /// (`a%20b.jpg`), or with accents as letters of their own, or not (`é` is one or two code points, and macOS has its
    /// own mind).
    static func locate(_ path: String, in folder: String, _ isPresent: (String) -> Bool) -> String {
        let plain = path.removingPercentEncoding ?? path
        guard path.contains("/") || plain != path || !path.utf8.allSatisfy({ $0 < 0x80 }) else {
            return folder + "/" + path
        }
        func ends(_ path: String) -> [String] {
            let parts = path.split(separator: "/")
            return parts.indices.map { folder + "/" + parts[$0...].joined(separator: "/") }
        }
        let forms = [path, plain].flatMap {
            [$0, $0.precomposedStringWithCanonicalMapping, $0.decomposedStringWithCanonicalMapping]
        }
        return forms.lazy.flatMap(ends).first(where: isPresent) ?? ends(plain).last ?? folder + "/" + plain
    }

    /// What the file may be called, without folders.
    var names: [String] {
        [path, path.removingPercentEncoding ?? path].compactMap { $0.split(separator: "/").last.map(String.init) }
    }
}
