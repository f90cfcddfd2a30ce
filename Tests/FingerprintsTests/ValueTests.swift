import Fingerprints
import Foundation
import Testing

@Suite struct ValueTests {
    static let sample: Value = [
        "b": [1, 2.5, nil, true, "x\n\"é"], "a": ["nested": [:], "empty": []], "é": -3, "z": 1e-5,
    ]

    @Test func textIsDeterministic() {
        #expect(
            Self.sample.json(pretty: false)
                == #"{"a":{"empty":[],"nested":{}},"b":[1,2.5,null,true,"x\n\"é"],"z":1e-05,"é":-3}"#)
        #expect(Value.string("\u{1}\u{1f}\t\u{7f}").json(pretty: false) == "\"\\u0001\\u001f\\t\u{7f}\"")
        #expect(Value.array([1, [2]]).json(pretty: true) == "[\n  1,\n  [\n    2\n  ]\n]")
        #expect(Value.array([.double(.nan), .double(.infinity)]).json(pretty: false) == "[null,null]")
    }

    @Test func textReadsBack() throws {
        #expect(try Value(json: Self.sample.json(pretty: true)) == Self.sample)
        #expect(try Value(json: Self.sample.json(pretty: false)).digest == Self.sample.digest)
        let coded = try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(Self.sample))
        #expect(coded == Self.sample)
        #expect(coded.digest == Self.sample.digest)
    }

    @Test func everyDoubleReadsBackToTheSameBits() throws {
        var random = RandomSource(seed: 1, stream: "doubles")
        for _ in 0..<2000 {
            let number = Double(bitPattern: random.next())
            guard number.isFinite else { continue }
            let back = try Value(json: Value.double(number).json(pretty: false))
            #expect(back.doubleValue?.bitPattern == number.bitPattern || number == 0)
        }
    }

    @Test func canonicalBytesTellValuesApart() {
        let values: [Value] = [
            nil, true, false, 0, 1, -1, 0.5, "", "0", "null", [], [nil], [[]], [0, 1], [[0], 1], [[0, 1]], [:],
            ["a": 1], ["a": "1"],
            ["a": 1, "b": 2], ["a": ["b": 2]], ["ab": 1], ["a", "b"], ["ab", ""], .double(.infinity), .double(.nan),
        ]
        #expect(Set(values.map(\.canonicalBytes)).count == values.count)
        #expect(Set(values).count == values.count)
    }

    @Test func oneNumberHasOneEncoding() {
        #expect(Value.int(1) == .double(1))
        #expect(Value.int(1).canonicalBytes == Value.double(1).canonicalBytes)
        #expect(Value.double(-0.0).canonicalBytes == Value.int(0).canonicalBytes)
        #expect(Value.int(1 << 53 + 1) != .double(0x1p53))
        #expect(Value.double(1e300).canonicalBytes != Value.double(1e301).canonicalBytes)
    }

    /// Pinned: a change here would change every fingerprint in every store.
    @Test func canonicalDigestIsPinned() {
        #expect(Self.sample.digest.hex == "f531b524ad04f638c62a96823b14904abe84a36099490eb42745e2cd1ba9df21")
    }

    @Test(arguments: [
        ("", "line 1, column 1: the text ends where a value should be"),
        ("{\"a\": 1,\n \"a\": 2}", "line 2, column 2: the key \"a\" stands twice"),
        ("{\"a\": 1,\n}", "line 2, column 1: expected a key in quotes, found '}'"),
        ("[1 2]", "line 1, column 4: expected ',' or ']', found '2'"),
        ("[1,]", "line 1, column 4: expected a value, found ']'"),
        ("01", "line 1, column 1: a number has no leading zero"),
        ("1.", "line 1, column 3: expected a digit, found the end"),
        ("1e999", "line 1, column 1: the number 1e999 is too large"),
        ("\"abc", "line 1, column 1: this string has no end"),
        ("\"\\ud800x\"", "line 1, column 2: half of a surrogate pair"),
        ("\"\\u+123\"", "line 1, column 4: expected four hex digits"),
        ("nul", "line 1, column 4: expected null, found the end"),
        ("1 x", "line 1, column 3: expected the end, found 'x'"),
    ])
    func faultsHaveAPlace(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try Value(json: text) }
        #expect(error?.description == message)
    }

    @Test func escapesAndLimits() throws {
        #expect(try Value(json: #""\u00e9\ud83d\ude00\/\b""#) == "é😀/\u{8}")
        #expect(throws: JSONError.self) { try Value(json: [0x22, 0xff, 0x22]) }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try Value(json: deep) }
        #expect(try Value(json: "[[1]]", maximumDepth: 2) == [[1]])
        #expect(throws: JSONError.self) { try Value(json: "[[1]]", maximumDepth: 1) }
        #expect(try Value(json: "9223372036854775808") == .double(9223372036854775808))
    }
}
