import Fingerprints
import Foundation
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

    /// Whatever Swift's own types encode as, by JSON's text and without it.
    @Test func itIsWhatJSONSays() throws {
        struct Everything: Encodable {
            var small = Float(0.1), tiny = Float.leastNonzeroMagnitude, large = Float.greatestFiniteMagnitude
            var byte = UInt8(7), most = UInt64.max, least = Int64.min, negative = -0.0, third = 1.0 / 3
            var names = ["b": [1, 2], "a": []], nested = [[true], [], [false, true]], none: [Int?] = [1, nil]
            var range = 0..<3, choice: Choice = .some(name: "x"), pair: [Choice] = [.none, .some(name: "y")]
            var settings = Settings(), value: Value = ["x": [nil, 1.5]]
            enum Choice: Encodable { case none, some(name: String) }
        }
        let text = try JSONEncoder().encode(Everything())
        #expect(try Value(encoding: Everything()) == Value(json: [UInt8](text)))
        #expect(try Value(encoding: [String]()) == [])
        #expect(try Value(encoding: 5) == 5)
    }

    @Test func whatIsNoNumberIsAnError() {
        #expect(throws: EncodingError.self) { try Value(encoding: [Float.infinity]) }
        #expect(throws: EncodingError.self) { try Value(encoding: Settings(rate: .nan)) }
        #expect(throws: EncodingError.self) { try Value(encoding: Settings(rate: .infinity)) }
    }
}
