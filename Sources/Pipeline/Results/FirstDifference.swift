import Foundation
import HDF5

/// Names the first place in which two artifacts differ, and both values there; nil where they are the same. In folders
/// the file; in HDF5 files the dataset, index and values (numbers by their bits, so NaN is equal to itself); in text
/// the line; else the byte.
/// - Throws: where a file cannot be read.
@Sendable public func firstDifference(_ first: String, _ second: String) throws -> String? {
    switch (try isFolder(first), try isFolder(second)) {
    case (true, true): try folderDifference(first, second)
    case (false, false): try fileDifference(first, second)
    case (let isFirst, _): "one is a \(isFirst ? "folder" : "file"), the other a \(isFirst ? "file" : "folder")"
    }
}

private func isFolder(_ path: String) throws -> Bool {
    try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType == .typeDirectory
}

private func folderDifference(_ first: String, _ second: String) throws -> String? {
    let files = FileManager.default
    let a = try Set(files.subpathsOfDirectory(atPath: first)), b = try Set(files.subpathsOfDirectory(atPath: second))
    for name in a.union(b).sorted() {
        guard a.contains(name), b.contains(name) else {
            return "\(name): only in the \(a.contains(name) ? "first" : "second")"
        }
        let pair = ("\(first)/\(name)", "\(second)/\(name)")
        if try isFolder(pair.0), try isFolder(pair.1) { continue }
        if let difference = try firstDifference(pair.0, pair.1) { return "\(name): \(difference)" }
        let modes = (files.isExecutableFile(atPath: pair.0), files.isExecutableFile(atPath: pair.1))
        if modes.0 != modes.1 { return "\(name): only one may be executed" }
    }
    return nil
}

private func fileDifference(_ first: String, _ second: String) throws -> String? {
    let a = try Data(contentsOf: URL(fileURLWithPath: first), options: .alwaysMapped)
    let b = try Data(contentsOf: URL(fileURLWithPath: second), options: .alwaysMapped)
    guard let byte = firstDifferentByte(a, b) else { return nil }
    let place = "byte \(byte)" + (a.count == b.count ? "" : " (\(a.count) and \(b.count) bytes)")
    if isHDF5(a), isHDF5(b) {
        let inside = try HDF5Difference(first: .open(first), second: .open(second)).find()
        return inside ?? "\(place), outside of the datasets' numbers: attributes or layout"
    }
    return isText(a) && isText(b) ? lineDifference(a, b, at: byte) : place
}

private func isHDF5(_ data: Data) -> Bool { data.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) }

private func isText(_ data: Data) -> Bool {
    let start = data.prefix(1 << 16)
    return !start.contains(0) && (String(data: start, encoding: .utf8) != nil || data.count > start.count)
}

/// In blocks: most of a large file is the same.
private func firstDifferentByte(_ a: Data, _ b: Data) -> Int? {
    let common = min(a.count, b.count)
    let inside = a.withUnsafeBytes { a in
        b.withUnsafeBytes { b -> Int? in
            guard let left = a.baseAddress, let right = b.baseAddress else { return nil }
            for start in stride(from: 0, to: common, by: 1 << 20) {
                let end = min(start + (1 << 20), common)
                if memcmp(left + start, right + start, end - start) != 0 {
                    return (start..<end).first { a[$0] != b[$0] }
                }
            }
            return nil
        }
    }
    return inside ?? (a.count == b.count ? nil : common)
}

private func lineDifference(_ a: Data, _ b: Data, at byte: Int) -> String {
    let newline = UInt8(ascii: "\n")
    let number = a.prefix(byte).count { $0 == newline } + 1
    let start = a.prefix(byte).lastIndex(of: newline).map { $0 + 1 } ?? 0
    func line(_ data: Data) -> String {
        guard start < data.count else { return "nothing" }
        let bytes = data[start...].prefix(400).prefix { $0 != newline }
        // Around the difference: tables of one line are long.
        let from = max(start, byte - 40)
        let shown =
            from > start
            ? "…" + String(decoding: bytes[min(from, bytes.endIndex)...].prefix(80), as: UTF8.self)
            : String(decoding: bytes.prefix(80), as: UTF8.self)
        return "\"\(shown)\(bytes.count > (from - start) + 80 ? "…" : "")\""
    }
    return "line \(number): \(line(a)) → \(line(b))"
}

/// Walks two HDF5 files side by side, a few megabytes at a time.
private struct HDF5Difference {
    let first: HDF5File
    let second: HDF5File

    init(first: HDF5File, second: HDF5File) {
        self.first = first
        self.second = second
    }

    func find() throws -> String? {
        defer {
            try? first.close()
            try? second.close()
        }
        return try group("/")
    }

    private func group(_ path: String) throws -> String? {
        let a = try Set(first.children(of: path)), b = try Set(second.children(of: path))
        for name in a.union(b).sorted() {
            let place = (path == "/" ? "" : path) + "/" + name
            guard a.contains(name), b.contains(name) else {
                return "\(place): only in the \(a.contains(name) ? "first" : "second")"
            }
            let kinds = (try first.isGroup(place), try second.isGroup(place))
            guard kinds.0 == kinds.1 else { return "\(place): a group in the \(kinds.0 ? "first" : "second") only" }
            if let difference = try kinds.0 ? group(place) : dataset(place) { return difference }
        }
        return nil
    }

    private func dataset(_ name: String) throws -> String? {
        let shapes = (try first.shape(of: name), try second.shape(of: name))
        guard shapes.0 == shapes.1 else { return "\(name): shape \(shapes.0) → \(shapes.1)" }
        let types = (try first.scalarType(of: name), try second.scalarType(of: name))
        guard types.0 == types.1 else {
            return "\(name): type \(types.0?.rawValue ?? "text") → \(types.1?.rawValue ?? "text")"
        }
        switch types.0 {
        case .uint8: return try numbers(name, UInt8.self)
        case .uint16: return try numbers(name, UInt16.self)
        case .int32: return try numbers(name, Int32.self)
        case .int64: return try numbers(name, Int64.self)
        case .float16: return try numbers(name, Float16.self)
        case .float32: return try numbers(name, Float.self)
        case .float64: return try numbers(name, Double.self)
        case nil: return try texts(name, shapes.0)
        }
    }

    private func numbers<T: HDF5Scalar>(_ name: String, _ type: T.Type) throws -> String? {
        let a = try first.dataset(name, type), b = try second.dataset(name, type)
        let rows = a.shape.first ?? 1, block = max(1, (1 << 20) / max(1, a.rowCount))
        for start in stride(from: 0, to: rows, by: block) {
            let part = start..<min(start + block, rows)
            let x = try a.read(rows: part), y = try b.read(rows: part)
            let areSame = x.withUnsafeBytes { x in
                y.withUnsafeBytes { y in x.isEmpty || memcmp(x.baseAddress!, y.baseAddress!, x.count) == 0 }
            }
            if areSame { continue }
            guard let place = x.indices.first(where: { !sameBits(x[$0], y[$0]) }) else { continue }
            return "\(name)\(index(start * a.rowCount + place, a.shape)): \(x[place]) → \(y[place])"
        }
        return nil
    }

    private func sameBits<T: HDF5Scalar>(_ a: T, _ b: T) -> Bool {
        withUnsafeBytes(of: a) { a in withUnsafeBytes(of: b) { memcmp(a.baseAddress!, $0.baseAddress!, a.count) == 0 } }
    }

    private func texts(_ name: String, _ shape: [Int]) throws -> String? {
        let a = try first.readStrings(name), b = try second.readStrings(name)
        return zip(a, b).enumerated().first { $1.0 != $1.1 }.map {
            "\(name)\(index($0, shape)): \"\($1.0)\" → \"\($1.1)\""
        }
    }

    /// `[3, 17]`, the row-major place of an element.
    private func index(_ element: Int, _ shape: [Int]) -> [Int] {
        var rest = element
        return shape.reversed().map { extent in
            defer { rest /= extent }
            return rest % extent
        }.reversed()
    }
}
