import Fingerprints
import Foundation
import Testing

@Suite struct DigestTests {
    /// FIPS 180-4 examples (NIST CAVP).
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func knownVectors(text: String, hex: String) {
        #expect(Digest(hashing: Array(text.utf8)).hex == hex)
        #expect(Digest(hashing: text).hex == hex)
    }

    @Test func streamOfAMillionLetters() {
        var stream = DigestStream()
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 999)
        for _ in 0..<1001 { stream.update(piece) }
        stream.update([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000 - 999 * 1001))
        #expect(stream.finish().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        #expect(stream.finish() == Digest(hashing: [UInt8]()))
    }

    @Test func aCopiedStreamGoesItsOwnWay() {
        var first = DigestStream()
        first.update(Array("ab".utf8))
        var second = first
        first.update(Array("c".utf8))
        second.update(Array("d".utf8))
        #expect(first.finish() == Digest(hashing: "abc"))
        #expect(second.finish() == Digest(hashing: "abd"))
    }

    @Test func hexReadsBackAndRejectsOthers() throws {
        let digest = Digest(hashing: "abc")
        #expect(Digest(hex: digest.hex) == digest)
        #expect(Digest(hex: digest.hex.uppercased()) == digest)
        #expect(Digest(bytes: digest.bytes) == digest)
        #expect(digest.short == "ba7816bf")
        #expect(Digest(hex: String(digest.hex.dropLast())) == nil)
        #expect(Digest(hex: digest.hex + "00") == nil)
        #expect(Digest(hex: "g" + digest.hex.dropFirst()) == nil)
        #expect(try JSONDecoder().decode(Digest.self, from: JSONEncoder().encode(digest)) == digest)
        #expect(throws: (any Error).self) { try JSONDecoder().decode(Digest.self, from: Data("\"abc\"".utf8)) }
    }

    @Test func orderIsThatOfTheHexText() {
        let digests = (0..<50).map { Digest(hashing: String($0)) }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    }

    @Test func fileEqualsItsBytes() throws {
        let path = NSTemporaryDirectory() + "digest-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let bytes = (0..<(3 << 20) + 17).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(try Digest(contentsOf: path) == Digest(hashing: bytes))
        let error = #expect(throws: FileDigestError.self) { try Digest(contentsOf: path + ".absent") }
        #expect(error?.description == "cannot read \(path).absent: No such file or directory")
    }
}
