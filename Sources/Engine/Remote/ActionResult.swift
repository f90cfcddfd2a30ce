import Fingerprints

/// `build.bazel.remote.execution.v2.ActionResult`, as far as a cache looks at it: which objects an action stands on,
/// and our signed trace as what it printed. Servers that know the format (bazel-remote) keep those objects as long as
/// the action.
///
/// A folder is one file for each of its files, and its listing, whose SHA-256 is the folder's digest.
package struct ActionResult: Equatable {
    package struct File: Equatable {
        package let path: String
        package let digest: Digest
        package let bytes: Int
        package let isExecutable: Bool
    }

    package var files: [File] = []
    package var standardOutput: [UInt8]

    package init(standardOutput: [UInt8]) { self.standardOutput = standardOutput }

    /// Field numbers of remote_execution.proto.
    private enum Field {
        static let outputFiles = 2, stdoutRaw = 5
        static let path = 1, digest = 2, isExecutable = 4
        static let hash = 1, size = 2
    }

    package var bytes: [UInt8] {
        var message: [UInt8] = []
        for file in files {
            var digest = Protobuf.field(Field.hash, Array(file.digest.hex.utf8))
            if file.bytes != 0 { digest += Protobuf.field(Field.size, file.bytes) }
            var one = Protobuf.field(Field.path, Array(file.path.utf8)) + Protobuf.field(Field.digest, digest)
            if file.isExecutable { one += Protobuf.field(Field.isExecutable, 1) }
            message += Protobuf.field(Field.outputFiles, one)
        }
        return message + Protobuf.field(Field.stdoutRaw, standardOutput)
    }

    /// What such a message has as its standard output; nil for bytes that are no message, or have none.
    package static func standardOutput(of message: [UInt8]) -> [UInt8]? {
        var rest = message[...], found: ArraySlice<UInt8>?
        while !rest.isEmpty {
            guard let field = Protobuf.next(&rest) else { return nil }
            if field.number == Field.stdoutRaw, let bytes = field.bytes { found = bytes }
        }
        return found.map(Array.init)
    }
}

/// The wire format of protocol buffers: whole numbers and bytes.
enum Protobuf {
    static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
        varint(UInt64(number) << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }

    static func field(_ number: Int, _ value: Int) -> [UInt8] {
        varint(UInt64(number) << 3) + varint(UInt64(bitPattern: Int64(value)))
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = [], rest = value
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// Takes the next field; nil when there is no whole one.
    /// - Returns: its number and, of one that has a length, its bytes.
    static func next(_ rest: inout ArraySlice<UInt8>) -> (number: Int, bytes: ArraySlice<UInt8>?)? {
        guard let tag = takeVarint(&rest), let number = Int(exactly: tag >> 3), number > 0 else { return nil }
        switch tag & 7 {
        case 0: return takeVarint(&rest).map { _ in (number, nil) }
        case 1: return take(8, &rest).map { _ in (number, nil) }
        case 5: return take(4, &rest).map { _ in (number, nil) }
        case 2: return takeVarint(&rest).flatMap { Int(exactly: $0) }.flatMap { take($0, &rest) }.map { (number, $0) }
        default: return nil
        }
    }

    private static func take(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private static func takeVarint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
        }
        return nil
    }
}
