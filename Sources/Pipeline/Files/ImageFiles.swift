import Files
import Foundation
import Imaging
import Transfer

/// The images of a reference dataset by path, wherever they lie: as files; in a zip archive whose path stands for their
/// folder's; or in zip archives beside the place where their folder would be (`…/train2017/1.jpg` as member
/// `train2017/1.jpg` of an archive in `…/`). Any number of threads may read.
package struct ImageFiles: Sendable {
    /// Larger members are refused, as larger files are.
    private static let largestImage = 256 << 20

    private struct Source: Sendable {
        /// Paths that begin with it are looked for in the archive.
        let prefix: String
        let archive: ZipArchive
        /// The folder in the archive that all its members are in, with a slash, for an archive that stands for a
        /// folder.
        let folder: String
    }

    private let archives: [Source]

    /// - Parameter folders: of images, or archives of them. For one that does not exist the archives in the folder
    ///   above it are opened.
    /// - Throws: `ZipError` for an archive that cannot be used.
    package init(folders: [String]) throws {
        var isFolder: ObjCBool = false
        let packed = Set(
            folders.filter { FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && !isFolder.boolValue }
        ).sorted()
        let missing = folders.filter { !FileManager.default.fileExists(atPath: $0) }
        let parents = Set(missing.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }).sorted()
        archives =
            try packed.map { path in
                let archive = try ZipArchive(path)
                return Source(prefix: path + "/", archive: archive, folder: Self.commonFolder(archive))
            }
            + parents.flatMap { parent in
                let names = try FileManager.default.contentsOfDirectory(atPath: parent).filter { $0.hasSuffix(".zip") }
                    .sorted()
                return try names.map {
                    Source(prefix: parent + "/", archive: try ZipArchive("\(parent)/\($0)"), folder: "")
                }
            }
    }

    /// The folder that all members are in, but for what macOS adds; members are sorted, so first and last decide.
    private static func commonFolder(_ archive: ZipArchive) -> String {
        let names = archive.members.lazy.map(\.name).filter { !$0.hasPrefix("__MACOSX/") }
        guard let first = names.first, let last = names.last else { return "" }
        let common = zip(first.utf8, last.utf8).prefix { $0 == $1 }.map(\.0)
        guard let slash = common.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(decoding: common[...slash], as: UTF8.self)
    }

    package func contains(_ path: String) -> Bool {
        inArchive(path) != nil || FileManager.default.fileExists(atPath: path)
    }

    /// The decoded image, the same from a file and from an archive, and how its file wants it turned.
    /// - Throws: `ImagingError` naming the file, or the archive and the member.
    package func image(_ path: String) throws -> (image: RGBImage, orientation: Orientation) {
        func decoded(_ bytes: UnsafeRawBufferPointer, _ name: String) throws -> (RGBImage, Orientation) {
            (try decodeImage(bytes: bytes, name: name), Orientation(bytes: bytes))
        }
        guard let (archive, member) = inArchive(path) else {
            if let (folder, names) = lacking(path) {
                throw ImagingError.unreadable(
                    file: String(path.dropFirst(folder.count)), reason: "in none of the archives \(names)")
            }
            return try withFileBytes(path) { try decoded($0, path) }
        }
        let name = "\(member) in \(URL(fileURLWithPath: archive.path).lastPathComponent)"
        let bytes: [UInt8]
        do { bytes = try archive.read(member, limit: Self.largestImage) } catch let error as ZipError {
            throw ImagingError.unreadable(file: name, reason: error.problem)
        }
        return try bytes.withUnsafeBytes { try decoded($0, name) }
    }

    /// For an image that is no file, though there are archives in its place: where they are, and their names.
    private func lacking(_ path: String) -> (folder: String, archives: String)? {
        guard let folder = archives.first(where: { path.hasPrefix($0.prefix) })?.prefix,
            !FileManager.default.fileExists(atPath: path)
        else { return nil }
        let names = archives.filter { $0.prefix == folder }.map {
            URL(fileURLWithPath: $0.archive.path).lastPathComponent
        }
        return (folder, names.joined(separator: ", "))
    }

    private func inArchive(_ path: String) -> (ZipArchive, member: String)? {
        for source in archives where path.hasPrefix(source.prefix) {
            let member = String(path.dropFirst(source.prefix.count))
            for name in [source.folder + member, member] where source.archive.contains(name) {
                return (source.archive, name)
            }
        }
        return nil
    }
}
