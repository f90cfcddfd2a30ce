import CZip
import Datasets
import Fingerprints
import Foundation
import Imaging

/// What a fuzz run has tried: each input either was read or gave a proper error; anything else ends the process.
public struct DatasetFuzzReport: Sendable, Equatable {
    /// Inputs that were tried.
    public var inputs = 0
    /// Those that were read.
    public var accepted = 0
    /// Errors of other types than the readers declare, or results that contradict themselves: each is a fault.
    public var surprises: [String] = []
}

/// A reader of files that come from outside, and of pictures each format's.
public enum DatasetReader: String, Sendable, CaseIterable {
    /// Pictures.
    case jpeg, png, bmp, gif, webp, tiff
    /// Annotation files, and word vectors.
    case coco, visualGenome, vectors
}

/// Feeds mutated files to a reader.
/// - Throws: where the temporary folder cannot be written.
public func fuzz(_ reader: DatasetReader, _ budget: FuzzBudget) throws -> DatasetFuzzReport {
    var random = RandomSource(seed: budget.seed, stream: "datasets fuzz/\(reader.rawValue)")
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lavise-fuzz-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("input"), samples = try reader.samples
    var report = DatasetFuzzReport()
    while budget.lasts(after: report.inputs), report.surprises.isEmpty {
        let sample = samples[random.below(samples.count)]
        var bytes = mutated(sample, &random)
        // Of WebP few bytes may stand for many pixels, which take their time: mostly the size stays what it was.
        if reader == .webp, bytes.count > 30, random.below(64) > 0 {
            bytes.replaceSubrange(20..<30, with: sample[20..<30])
        }
        // Mended checksums let damage through to what lies behind them.
        if reader == .png, random.below(2) == 0 { mendChecksums(ofPNG: &bytes) }
        if !reader.isPicture { try Data(bytes).write(to: file) }
        let isOdd = random.below(reader.isPicture ? 64 : 2) == 0
        report.attempt { try reader.read(bytes, file.path, isOdd: isOdd) }
    }
    return report
}

extension DatasetReader {
    fileprivate var samples: [[UInt8]] {
        get throws {
            switch self {
            case .jpeg: try jpegs()
            case .png: [try encodePNG(small), try decoded(pngByPalette)]
            case .bmp: [bitmap(24), bitmap(8), bitmap(8, packed: true)]
            case .gif: [try decoded(interlacedGIF)]
            case .webp: try webps.map(decoded)
            case .tiff: try tiffs.map(decoded)
            case .coco: [Array(cocoJSON.utf8)]
            case .visualGenome: [Array(visualGenomeJSON.utf8)]
            case .vectors: vectorFiles
            }
        }
    }

    fileprivate var isPicture: Bool {
        switch self {
        case .coco, .visualGenome, .vectors: false
        default: true
        }
    }

    /// - Parameters:
    ///   - path: of a file with these bytes, for the readers of files.
    ///   - isOdd: whether deviations are on; whether a picture is cropped, too, which takes a hundred times as long as
    ///     decoding one of this size.
    fileprivate func read(_ bytes: [UInt8], _ path: String, isOdd: Bool) throws {
        switch self {
        case .coco:
            try readAll(
                COCODataset(
                    annotations: [(.train, path)], imageFolders: [(.train, "")], hasVector: { _ in true },
                    rules: DatasetRules()))
        case .visualGenome:
            var rules = DatasetRules()
            (rules.minimumCount, rules.validationShare) = (1, 0.4)
            rules.transposedBoxMask = isOdd
            try readAll(VisualGenomeDataset(objects: path, imageFolders: [""], hasVector: { _ in true }, rules: rules))
        case .vectors:
            var length: Int?
            try GloveReader(path).forEach { _, vector in
                if vector.count != length ?? vector.count || !vector.allSatisfy(\.isFinite) { throw Contradiction() }
                length = vector.count
            }
        default:
            let decoded = try bytes.withUnsafeBytes { try decodeImage(bytes: $0, name: "fuzz") }
            if decoded.pixels.count != decoded.width * decoded.height * 3 { throw Contradiction() }
            if isOdd, decoded.centreCrop().pixels.count != 224 * 224 * 3 { throw Contradiction() }
        }
    }
}

private struct Contradiction: Error {}

/// Reads every sample of the dataset; the 4×3 pixels of the sample files' images may no longer be what they say.
private func readAll(_ dataset: some ReferenceDataset) throws {
    for row in dataset.images.indices {
        for sample in try dataset.samples(ofImage: row, width: 4, height: 3) {
            guard sample.mask.width == 224, sample.concepts.allSatisfy({ dataset.concepts.indices.contains(Int($0)) })
            else { throw Contradiction() }
        }
    }
}

extension DatasetFuzzReport {
    fileprivate mutating func attempt(_ body: () throws -> Void) {
        inputs += 1
        do {
            try body()
            accepted += 1
        } catch is DatasetError {
        } catch is ImagingError {
        } catch is GloveError {
        } catch { surprises.append("input \(inputs): \(type(of: error)): \(error)") }
    }
}

private let small = RGBImage(
    width: 19, height: 23, pixels: (0..<19 * 23 * 3).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) })

private func decoded(_ text: String) throws -> [UInt8] {
    guard let data = Data(base64Encoded: text) else { throw Contradiction() }
    return Array(data)
}

/// A baseline JPEG and a progressive one with restart markers.
private func jpegs() throws -> [[UInt8]] {
    let baseline = try encodeJPEG(small, quality: 80)
    let progressive = try decoded(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODh\
        MREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wgARCAARABoDASIAAhEBAxEB/8QAFwABAQEBAAAAAAAAAAAA\
        AAAABAADBf/EABYBAQEBAAAAAAAAAAAAAAAAAAMFAv/dAAQAAv/aAAwDAQACEAMQAAAB4iGIyY9X6pR//9DRFDNRtSUf/8QAGBABAQEBAQAAAAAAAAAAAAAAAAECEhD/2g\
        AIAQEAAQUCmEw//9CYcP/RmEw//9KYcP/TiP/Unn//xAAYEQADAQEAAAAAAAAAAAAAAAAAAgMhMf/aAAgBAwEBPwGVxL4f/9CQnD//xAAWEQEBAQAAAAAAAAAAAAAAAAAA\
        AQL/2gAIAQIBAT8Bmk0//9CI/8QAFBABAAAAAAAAAAAAAAAAAAAAEP/aAAgBAQAGPwI//9A//9E//9I//9M//9Q//8QAFhABAQEAAAAAAAAAAAAAAAAAEABx/9oACAEBAA\
        E/IT//0D//0T//0rzf/9M//9Q//9oADAMBAAIAAwAAABABf//Q8g//xAAXEQEAAwAAAAAAAAAAAAAAAAAAEFFh/9oACAEDAQE/EN15/9CN/8QAFBEBAAAAAAAAAAAAAAAA\
        AAAAEP/aAAgBAgEBPxA3/9Av/8QAGRABAAMBAQAAAAAAAAAAAAAAAAEhYTFB/9oACAEBAAE/EM2b/9DNFeP/0c2b/9LnSKn/03y//9Tyjj//2Q==
        """)
    return [baseline, progressive]
}

/// A Windows bitmap of 5×3 pixels.
private func bitmap(_ bits: UInt8, packed isPacked: Bool = false) -> [UInt8] {
    let palette = bits == 8 ? (0..<1024).map { UInt8(truncatingIfNeeded: $0 * 3) } : [], start = 54 + palette.count
    let header: [UInt8] =
        Array("BM".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, UInt8(start & 255), UInt8(start >> 8), 0, 0]
        + [40, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 1, 0, bits, 0, isPacked ? 1 : 0] + [UInt8](repeating: 0, count: 23)
    if isPacked { return header + palette + [5, 9, 0, 0, 0, 3, 1, 2, 3, 0, 2, 4, 0, 0, 1, 7, 0, 2, 4, 0, 0, 1] }
    return header + palette + (0..<3 * (bits == 8 ? 8 : 16)).map { UInt8($0 * 5) }
}

private let interlacedGIF =
    "R0lGODdhCQAHAIIAAL7XcT7akpuFex+caaxHmqUckC1Btx8NeiwAAAAACQAHAAAIOwABCCAAYICBgwcIDDgA4MCAAAAKCHhowCCBAwwFBAhQUaGAgQYABCB40MDFAgUGENgYQAAAAxsLmAwIADs="
private let pngByPalette =
    "iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHAgMAAACn9Y/zAAAADFBMVEWC2IBhkHOpNJUnKZraJteUAAAAJUlEQVR4nGOUSHZlmPOhgWX3fVdGgZPLGXO+xTG8m8HAKMyRCgCT+gn6G2FMbQAAAABJRU5ErkJggg=="

/// A lossy one and a lossless one.
private let webps = [
    "UklGRnYAAABXRUJQVlA4IGoAAABQAgCdASoJAAcABABoJbACdH8D2GCGOya4uMAA2//Fs5viQNy/fzWdC3NkYQV4/wGyAJ8rzmn2n9HhqpdunzKgcxiAI7k9rvZ0UNHHfIpyEeDwgf8m/TEpt9E+XAf+DkyzP+f9P/ybpgAA",
    "UklGRjYBAABXRUJQVlA4TCkBAAAvCIABAPfhOAAAFNLdzdMMnla1jKcRuru5jj3cCABAKGfbdxtyTb2itefpGa4PeNRk25bTAACQBnd3l0yFRPT3OGJH7Ie1Jffk7jb/ofHUg/T1ZUTIDwRbyY1hXZWXDpnorZ1wyng+QxxuA/Y1G8x8uoTx/3NOMct273NcAS5T4ESjiiCV11jrnz/URbQE/eUHtztUZsSMXgAekvNtQxZn5pV2AZ6qCSK+jR+9ZRy+xEeC1t7UIUzqLaUbgR95uTKxIrewPxEvd8x7DsG7i0N7Mxp/o5JKoZN/rEf6tbwTETcdEgINPf5E/X5+Ag0MAwAsml22bdt2Ef2PAn3g9BNExU7ACbkLQuNXqOeSo2oHNm1mNnqtz71VSdZ8P1gyy8RdtM9EY6zB/VMA",
]

/// By LZW, PackBits, fax codes and JPEG, and one as it is.
private let tiffs = [
    "SUkqAN4AAACAPhhL5npMNO0KvVpu8WgVOp8eDZ2G0XMcpCBmiQDoZvDlJAhKg4HhYFJBoBgMAcUgsqjs0OE3OJkghPhoNqM9CEUskhkZTOQUDJZgBYokfg1eP8gF4EAhOBkOp1JL45ttDicyO0/khxqgKklCBBMow1lBRj03C9ypRVGE3DhLEpgj4WO53uJeA5mrlgkl3M16KA3ERkk80MEkFhiuoopQYAdTJUUH5TCgbDtZA1ModvDtfu+5JopPA5qcwgBctJYBMmLEaPk2l5RPFigUyEwZPdTCN9QECgAAAQMAAQAAAAkAAAABAQMAAQAAAAcAAAACAQMAAwAAAFwBAAADAQMAAQAAAAUAAAAGAQMAAQAAAAIAAAARAQQAAQAAAAgAAAAVAQMAAQAAAAMAAAAWAQMAAQAAAAcAAAAXAQQAAQAAANYAAAAcAQMAAQAAAAEAAAAAAAAACAAIAAgA",
    "SUkqAE4AAAAEAAIEAAP+BgAHCAQDBwAHAwEABQYCAwEGAwYE/wcIAAIBAQYDBAMCBgIEBgABBAD/BgYGBAcFBQME/wEIAQIABgEBBQYECgAAAQMAAQAAAAkAAAABAQMAAQAAAAcAAAACAQMAAQAAAAgAAAADAQMAAQAAAAWAAAAGAQMAAQAAAAMAAAARAQQAAQAAAAgAAAAWAQMAAQAAAAcAAAAXAQQAAQAAAEYAAAAcAQMAAQAAAAEAAABAAQMAAAMAAMwAAAAAAAAAAL4APgCbAB8ArAClAC0AHwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1wDaAIUAnABHABwAQQANAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABxAJIAewBpAJoAkAC3AHoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "SUkqACIAAAAmuR0CCj3BBMENhkdBYQW+wgTpBBYcAEAEAAkAAAEDAAEAAAAJAAAAAQEDAAEAAAAHAAAAAgEDAAEAAAABAAAAAwEDAAEAAAAEAAAABgEDAAEAAAABAAAAEQEEAAEAAAAIAAAAFgEDAAEAAAAHAAAAFwEEAAEAAAAZAAAAHAEDAAEAAAABAAAAAAAAAA==",
    "SUkqAFAAAAD/2P/AAAsIAAcACQEBEQD/2gAIAQEAAD8AhvId7NLcPcQGEu7GZhPGWYbA2D33IQcqQNuR1Ocz+wtE/wCekv8A32v/AMar/9kKAAABAwABAAAACQAAAAEBAwABAAAABwAAAAIBAwABAAAACAAAAAMBAwABAAAABwAAAAYBAwABAAAAAQAAABEBBAABAAAACAAAABYBAwABAAAABwAAABcBBAABAAAASAAAABwBAwABAAAAAQAAAFsBBwAhAQAAzgAAAAAAAAD/2P/bAEMACgcHCAcGCggICAsKCgsOGBAODQ0OHRUWERgjHyUkIh8iISYrNy8mKTQpISIwQTE0OTs+Pj4lLkRJQzxINz0+O//EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/Z",
    "SUkqAAgAAAALAAABBAABAAAACQAAAAEBBAABAAAABwAAAAIBAwAEAAAAkgAAAAMBAwABAAAAAQAAAAYBAwABAAAAAgAAABEBBAABAAAAmgAAABUBAwABAAAABAAAABYBBAABAAAABwAAABcBBAABAAAA/AAAABwBAwABAAAAAQAAAFIBAwABAAAAAgAAAAAAAAAIAAgACAAIAPjCvv/Pkxr/7RX1/9PvLf8FnZ//PDbs/20ux/9SIM3/JAeG/945kv8IlQ7/DxYK/5DQGP8YByn/C1U7/2jhbv/iyQj/nxob/6N6If8pyUP/Rqbk/ygys/8AsYn/Pw28//9AXv8ICJz/GR2d/5K+c//bhyf/ZO1//0jjqP8VSYT/EJmM/2tQo/89bi//5ZSq/2FuOP+WSsH/Pizu/+/ivP8Ozbn/wUnu/830oP9uRMn/T2jB/0hYxf/qUZT/MAem/5Uofv+mKDb/O7IN/5mH3v87v+//SsGa/1Lwc/+nYQD/udKw/xNMsf80+W3/XqLx/8UFZP9MMvf/piP6/w==",
]

private let cocoJSON = #"""
    {"info": {"description": "a \" ] }"}, "images": [{"id": 3, "file_name": "a.jpg", "width": 4, "height": 3}, {"id": 7, "file_name": "b.jpg", "width": 4, "height": 3}],
     "annotations": [{"id": 1, "image_id": 3, "category_id": 1, "iscrowd": 1, "segmentation": {"counts": [9, 3], "size": [3, 4]}},
                     {"id": 2, "image_id": 3, "category_id": 2, "segmentation": {"counts": "246", "size": [3, 4]}},
                     {"id": 3, "image_id": 7, "category_id": 1, "segmentation": [[0, 0, 1.5, 0, 1, 1e0, 0, 1], [1, 1, 2, 1, 2, 2]]}],
     "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "traffic light"}]}
    """#

private let visualGenomeJSON = #"""
    [{"image_id": 1, "objects": [{"synsets": ["tree.n.01", "street_sign.n.01"], "h": 2, "object_id": 5, "names": ["tr\u00e9es"], "w": 3, "y": 0, "x": 0}]},
     {"image_id": 2, "objects": [{"synsets": ["tree.n.01"], "h": 1, "object_id": 6, "names": [], "w": 9, "y": -1, "x": 1}, {"synsets": [], "h": 1, "object_id": 7, "w": 9, "y": 1, "x": 1}],
      "image_url": "u"}, {"image_id": 3, "objects": [{"synsets": ["tree.n.01"], "h": 1, "object_id": 8, "w": 1, "y": 1, "x": 1}]}]
    """#

private let glove = "the 0.5 -1.25 3e-2\n, 1.0 -2 0.0001\nnaïve .5 -0.123456789012345678 7\n"

/// GloVe's text, the same with word2vec's header and blanks in words, word2vec's binary format, a `.gz` and a `.zip`
/// (made by Python's gzip and zipfile).
private let vectorFiles: [[UInt8]] = [
    Array(glove.utf8), Array("3 3\r\n. . the 0.5 -1.25 3e-2 \r\n\tof\t1 2 3\r\nna\rïve 1 2 3\r\n".utf8),
    Array("2 3\nthe ".utf8) + [0, 0, 0, 63, 0, 0, 160, 191, 143, 194, 245, 60, 10] + Array("of ".utf8) + [
        0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64,
    ],
    [UInt8](
        Data(
            base64Encoded:
                "H4sIAAAAAAACAyvJSFUw0DNV0DXUMzJVME7VNeLSUTDUM1DQNQKKGxgYGHLlJR5eX5aqAFJkoGdoZGxiamZuYWkAYymYcwEA3N/bLUUAAAA="
        )!),
    [UInt8](
        Data(
            base64Encoded:
                "UEsDBBQAAAAIAAAAIQBAMTafFgAAABQAAAAFAAAAdi50eHRLyU9XMFQwUjDmSk4sUTBRMFUw4wIAUEsBAhQDFAAAAAgAAAAhAEAxNp8WAAAAFAAAAAUAAAAAAAAAAAAAAIABAAAAAHYudHh0UEsFBgAAAAABAAEAMwAAADkAAAAAAA=="
        )!),
]

private func mendChecksums(ofPNG bytes: inout [UInt8]) {
    var at = 8
    while at + 12 <= bytes.count {
        let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - at - 12 else { return }
        let sum = bytes[at + 4..<at + 8 + length].withUnsafeBufferPointer {
            crc32(0, $0.baseAddress, UInt32($0.count))
        }
        for i in 0..<4 { bytes[at + 8 + length + i] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt(i))) }
        at += 12 + length
    }
}

/// A few bytes flipped, removed, doubled or replaced by telling ones.
private func mutated(_ bytes: [UInt8], _ random: inout RandomSource) -> [UInt8] {
    var bytes = bytes
    let telling = Array("0123456789-+.e\"[]{},: \n\\".utf8) + [0, 0xFF, 0x7F, 0x80]
    for _ in 0...random.below(4) where !bytes.isEmpty {
        let at = random.below(bytes.count)
        switch random.below(7) {
        case 0: bytes[at] ^= 1 << UInt8(random.below(8))
        case 1: bytes[at] = telling[random.below(telling.count)]
        case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(16)))
        case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 1 + random.below(16))], at: at)
        case 4: for i in at..<min(bytes.count, at + 4) { bytes[i] = 0xFF }
        case 5:
            bytes.insert(contentsOf: [UInt8](repeating: telling[random.below(10)], count: 1 + random.below(20)), at: at)
        default: bytes.removeSubrange(at...)
        }
    }
    return bytes
}
