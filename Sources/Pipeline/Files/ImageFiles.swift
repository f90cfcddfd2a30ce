import Foundation
import Imaging
import Transfer

/// The images of a reference dataset by path, wherever they lie: as files, or in zip archives beside the place where their folder would be
/// (`…/train2017/1.jpg` as member `train2017/1.jpg` of an archive in `…/`). Any number of threads may read.
struct ImageFiles: Sendable {
    /// Larger members are refused, as larger files are.
    private static let largestImage = 256 << 20

    private let archives: [(folder: String, archive: ZipArchive)]

    /// - Parameter folders: of images. For one that does not exist the archives in the folder above it are opened.
    /// - Throws: `ZipError` for an archive that cannot be used.
    init(folders: [String]) throws {
        let missing = folders.filter { !FileManager.default.fileExists(atPath: $0) }
        let parents = Set(missing.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }).sorted()
        archives = try parents.flatMap { parent in
            let names = try FileManager.default.contentsOfDirectory(atPath: parent).filter { $0.hasSuffix(".zip") }.sorted()
            return try names.map { (parent + "/", try ZipArchive("\(parent)/\($0)")) }
        }
    }

    func contains(_ path: String) -> Bool { inArchive(path) != nil || FileManager.default.fileExists(atPath: path) }

    /// The decoded image, the same from a file and from an archive.
    /// - Throws: `ImagingError`.
    func image(_ path: String) throws -> RGBImage {
        guard let (archive, member) = inArchive(path) else { return try decodeJPEG(path) }
        let bytes: [UInt8]
        do { bytes = try archive.read(member, limit: Self.largestImage) } catch let error as ZipError {
            throw ImagingError.unreadable(file: path, reason: "\(URL(fileURLWithPath: archive.path).lastPathComponent): \(error.problem)")
        }
        return try bytes.withUnsafeBytes { try decodeJPEG(bytes: $0, name: path) }
    }

    private func inArchive(_ path: String) -> (ZipArchive, member: String)? {
        for (folder, archive) in archives where path.hasPrefix(folder) {
            let member = String(path.dropFirst(folder.count))
            if archive.contains(member) { return (archive, member) }
        }
        return nil
    }
}
