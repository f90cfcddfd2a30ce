import Files
import Foundation
import Transfer

/// Compares reading every member straight from a zip with extracting them all and reading the files.
/// - Returns: a short table of seconds; each figure is the median over the rounds, the ways taking turns.
/// - Throws: `ZipError`, and `SupportError` where the two ways read different bytes.
public func measureZip(_ path: String, rounds: Int) throws -> String {
    let archive = try ZipArchive(path)
    let clock = ContinuousClock()
    func seconds(_ body: () throws -> Void) rethrows -> Double {
        let time = try clock.measure(body)
        return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    }
    var opening: [Double] = [], direct: [Double] = [], extracting: [Double] = [], fromFiles: [Double] = []
    for _ in 0..<max(1, rounds) {
        opening.append(try seconds { _ = try ZipArchive(path) })
        var bytes = 0
        direct.append(try seconds { for member in archive.members { bytes += try archive.read(member.name).count } })
        let folder = try TemporaryFolder()
        extracting.append(try seconds { _ = try archive.extract([Extraction(.folder(""), to: "")], into: folder.path) })
        var fileBytes = 0
        fromFiles.append(
            try seconds {
                for member in archive.members {
                    fileBytes += try Data(contentsOf: URL(fileURLWithPath: folder.path(member.name))).count
                }
            })
        guard bytes == fileBytes else {
            throw SupportError(words: "\(bytes) bytes from the zip, \(fileBytes) from files")
        }
    }
    func median(_ values: [Double]) -> String { String(format: "%.4f", values.sorted()[values.count / 2]) }
    return """
        members                 \(archive.members.count)
        bytes                   \(archive.members.reduce(0) { $0 + $1.bytes })
        open (s)                \(median(opening))
        read from the zip (s)   \(median(direct))
        extract (s)             \(median(extracting))
        read from files (s)     \(median(fromFiles))
        """
}
