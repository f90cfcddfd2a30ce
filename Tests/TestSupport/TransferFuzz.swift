import Files
import Fingerprints
import Foundation
import Transfer

/// What a fuzz run has tried: each input either was read or gave a proper error; anything else ends the process.
public struct FuzzReport: Sendable, Equatable {
    /// Inputs that were tried.
    public var inputs = 0
    /// Those that were read.
    public var accepted = 0
    /// Errors of other types than the reader declares: each is a fault.
    public var surprises: [String] = []
}

/// Feeds mutated manifests, lock files and zip archives to their readers for so many seconds, at least one round.
/// - Throws: where the temporary folder cannot be written.
public func fuzzTransferReaders(seed: UInt64, seconds: Double) throws -> FuzzReport {
    var random = RandomSource(seed: seed, stream: "transfer fuzz")
    let folder = try TemporaryFolder()
    let manifest = Array(sampleManifest.value.json(pretty: true).utf8)
    let lock = Array(
        ManifestLock(manifest: "m", entries: ["a": .init(bytes: 1, sha256: Digest(hashing: [1]))]).json.utf8)
    let zip = try sampleZip(folder)
    var report = FuzzReport()
    let end = Date().addingTimeInterval(seconds)
    repeat {
        report.attempt { _ = try Manifest(json: mutated(manifest, &random), source: "fuzz") }
        report.attempt { _ = try ManifestLock(json: mutated(lock, &random), source: "fuzz") }
        let path = try folder.write(mutated(zip, &random), to: "fuzz.zip")
        report.attempt {
            let archive = try ZipArchive(path)
            for member in archive.members { _ = try? archive.read(member.name, limit: 1 << 24) }
            _ = try archive.extract([Extraction(.folder(""), to: "")], into: folder.path("out"))
        }
        // Nothing may appear beside the folder that was given.
        let outside = folder.listing().filter {
            $0 != "fuzz.zip" && $0 != "sample.zip" && $0 != "out" && !$0.hasPrefix("out/")
        }
        if !outside.isEmpty { report.surprises.append("files outside the folder: \(outside)") }
        try? FileManager.default.removeItem(atPath: folder.path("out"))
    } while Date() < end && report.surprises.isEmpty
    return report
}

extension FuzzReport {
    fileprivate mutating func attempt(_ body: () throws -> Void) {
        inputs += 1
        do {
            try body()
            accepted += 1
        } catch is ManifestError {
        } catch is ZipError {
        } catch let error as TransferError {
            // A mutated name may clash with another one on disk; that is the disk's error to report.
            guard case .fileSystem = error else { surprises.append("\(error)"); return }
        } catch { surprises.append("\(type(of: error)): \(error)") }
    }
}

private let sampleManifest = Manifest(
    name: "m",
    files: [
        ManifestFile(
            name: "a.zip", urls: ["https://example.org/a.zip", "file:///a.zip"], bytes: 12,
            checksum: .sha256(Digest(hashing: [1])), license: "CC0",
            extract: [
                Extraction(.folder("a"), to: "b"),
                Extraction(.member("c"), to: "c", bytes: 3, sha256: Digest(hashing: [2])),
            ]),
        ManifestFile(
            name: "b", urls: ["http://example.org/b"], bytes: nil, checksum: .md5(String(repeating: "a", count: 32)),
            license: "x"),
    ])

private func sampleZip(_ folder: TemporaryFolder) throws -> [UInt8] {
    let writer = try ZipWriter(folder.path("sample.zip"))
    try writer.addFolder("a")
    try writer.add("a/stored.jpg", Array("not really an image".utf8), stored: true)
    try writer.add("a/packed.json", [UInt8](repeating: 32, count: 5000))
    try writer.add("c", Array("abc".utf8))
    try writer.close()
    return try folder.read("sample.zip")
}

/// A few bytes flipped, removed, doubled or replaced by telling ones.
private func mutated(_ bytes: [UInt8], _ random: inout RandomSource) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random.below(4) where !bytes.isEmpty {
        let at = random.below(bytes.count)
        switch random.below(6) {
        case 0: bytes[at] ^= 1 << UInt8(random.below(8))
        case 1:
            bytes[at] =
                [0, 0xff, 0x7f, 0x80, UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "\"")][random.below(7)]
        case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(16)))
        case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 1 + random.below(16))], at: at)
        case 4: for i in at..<min(bytes.count, at + 4) { bytes[i] = 0xff }
        default: bytes.removeSubrange(at...)
        }
    }
    return bytes
}
