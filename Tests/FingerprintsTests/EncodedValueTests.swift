import Fingerprints
import Testing

/// What a stage's parameters become in its fingerprint.
@Suite struct EncodedValueTests {
    private struct Settings: Encodable {
        var rate = 1e-4
        var share = 1.0
        var seed = UInt64(Int64.max)
        var folder = "a/b"
        var steps: Int?
        @OrNull var member: String?
        var layers = ["layer4"]
    }

    @Test func membersAreNamedAndNumbersKeepEveryDigit() throws {
        let plain: Value = [
            "rate": .double(1e-4), "share": 1, "seed": .int(Int.max), "folder": "a/b", "member": nil,
            "layers": ["layer4"],
        ]
        let encoded = try Value(encoding: Settings())
        #expect(encoded == plain)
        #expect(encoded.digest == plain.digest)
        #expect(try Value(encoding: Settings(rate: 0.1 + 0.2))["rate"] == .double(0.30000000000000004))
    }

    @Test func anAbsentOptionalIsNoMemberAndOneThatIsNamedIsNull() throws {
        #expect(try Value(encoding: Settings(steps: 3))["steps"] == 3)
        #expect(try Value(encoding: Settings())["steps"] == nil)
        #expect(try Value(encoding: Settings())["member"] == .null)
        #expect(try Value(encoding: Settings(member: "w"))["member"] == "w")
    }

    @Test func aValueIsItself() throws {
        let value: Value = ["a": [1, 2.5, nil, true], "b": "é/\u{1F600}"]
        #expect(try Value(encoding: value) == value)
    }

    @Test func whatIsNoNumberIsAnError() {
        #expect(throws: EncodingError.self) { try Value(encoding: Settings(rate: .nan)) }
        #expect(throws: EncodingError.self) { try Value(encoding: Settings(rate: .infinity)) }
    }
}
