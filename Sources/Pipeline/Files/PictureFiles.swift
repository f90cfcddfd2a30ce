import Engine
import Foundation
import Files
import Imaging

/// The pictures of a folder, at any depth, or of a zip archive (METHOD 13), by the endings of their names.
package struct PictureFiles: Sendable {
    private static let readEndings: Set<String> = [
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff",
    ]
    /// Kinds of which it is said that they cannot be read.
    private static let otherEndings: Set<String> = ["heic", "heif", "avif"]
    /// What is looked at.
    private static let endings = readEndings.union(otherEndings)

    /// Paths relative to the folder, in the order of their bytes. A picture in an archive in the folder has the
    /// archive's path before its own.
    package let names: [String]
    /// Files that are no pictures by their names.
    package let others: Int
    private let root: String
    private let images: ImageFiles

    /// - Parameters:
    ///   - path: a folder, or a zip archive.
    ///   - opensArchives: whether zip archives in the folder are looked into, as in what a manifest fetched.
    /// - Throws: `FileSystemError`, `ZipError`.
    package init(_ path: String, opensArchives: Bool) throws {
        root = path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            images = try ImageFiles(folders: [path])
            let members = try ZipArchive(path).members.map(\.name).filter(Self.isVisible)
            names = Self.pictures(members)
            others = members.count - names.count
            return
        }
        let scan = try LocalFileSystem().scan(path, threads: 1, asInput: true)
        let files = (0..<scan.count).map(scan.name).filter(Self.isVisible)
        let archives = opensArchives ? files.filter { Self.ending($0) == "zip" } : []
        images = try ImageFiles(folders: archives.map { "\(path)/\($0)" })
        let members = try archives.flatMap { archive in
            try ZipArchive("\(path)/\(archive)").members.map { "\(archive)/\($0.name)" }.filter(Self.isVisible)
        }
        names = Self.pictures(files + members)
        others = files.count - archives.count + members.count - names.count
    }

    /// How many are by their names of kinds that cannot be read.
    package var unreadable: Int { names.count { Self.otherEndings.contains(Self.ending($0)) } }

    /// The picture as viewers show it: upright.
    /// - Throws: `ImagingError`.
    package func picture(_ name: String) throws -> RGBImage {
        let (image, orientation) = try images.image("\(root)/\(name)")
        return image.turned(orientation)
    }

    private static func pictures(_ names: [String]) -> [String] {
        names.filter { endings.contains(ending($0)) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func ending(_ name: String) -> String { URL(fileURLWithPath: name).pathExtension.lowercased() }

    /// No folder of an archive, and nothing hidden.
    private static func isVisible(_ name: String) -> Bool {
        !name.hasSuffix("/") && !name.split(separator: "/").contains { $0.hasPrefix(".") || $0 == "__MACOSX" }
    }
}
