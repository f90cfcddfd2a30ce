import Fingerprints
import Testing

/// Reading what users write: every value and key has its place, and what is not JSON is refused at its place.
@Suite struct JSONNodeTests {
    private func fault(_ bytes: [UInt8]) -> String {
        do {
            return "read: \(try JSONNode(json: bytes, source: "f").value.json(pretty: false))"
        } catch { return "\(error)" }
    }

    @Test func everyKeyAndValueHasItsPlace() throws {
        let text = "{\n  \"é\": [1,\r\n\t{\"b\": null}],\r \"z\":\"ü\", \"a\": -2.5}"
        let root = try JSONNode(json: Array(text.utf8), source: "f.json")
        let list = try #require(root["é"])
        #expect("\(root.place) \(list.place) \(list.value.place)" == "f.json:1:1 f.json:2:3 f.json:2:8")
        guard case .array(let items) = list.value.content else { return #expect(Bool(false), "no list") }
        #expect(items.map { "\($0.place)" } == ["f.json:2:9", "f.json:3:2"])
        #expect(items[1]["b"]?.place == TextPlace("f.json", line: 3, column: 3))
        // A CR alone ends a line too.
        #expect(
            root["z"]?.place == TextPlace("f.json", line: 4, column: 2)
                && root["a"]?.value.place.description == "f.json:4:16")
        guard case .object(let members) = root.content else { return #expect(Bool(false), "no object") }
        #expect(members.map(\.key) == ["é", "z", "a"])
        #expect(root.value == ["é": [1, ["b": nil]], "z": "ü", "a": -2.5])
    }

    @Test(arguments: [
        ("", "f:1:1: the text ends where a value should be"),
        ("{\"a\": 1,\n \"a\": 2}", "f:2:2: the key \"a\" stands twice"),
        (#"{"a": {"b": 1, "\u0062": 2}}"#, "f:1:16: the key \"b\" stands twice"),
        ("[1,\n 2,\n]", "f:3:1: expected a value, found ']'"),
        ("{\"a\": 1,}", "f:1:9: expected a key in quotes, found '}'"),
        ("// x\n1", "f:1:1: expected a value, found '/'"),
        ("[1] # x", "f:1:5: expected the end, found '#'"), ("{\"a\": NaN}", "f:1:7: expected a value, found 'N'"),
        ("[-Infinity]", "f:1:3: expected a digit, found 'I'"), ("[01]", "f:1:2: a number has no leading zero"),
        ("[-00]", "f:1:3: a number has no leading zero"),
        ("[1e400]", "f:1:2: the number 1e400 is too large"), ("\"\\udc00\"", "f:1:2: half of a surrogate pair"),
        ("\"\\ud800\\u0041\"", "f:1:2: half of a surrogate pair"), ("“a”", "f:1:1: expected a value, found '“'"),
        ("{'a': 1}", "f:1:2: expected a key in quotes, found '''"),
        ("\u{FEFF}{}", "f:1:1: the text begins with a byte order mark; save it as UTF-8 without one"),
        ("[\u{FEFF}1]", "f:1:2: expected a value, found '\u{FEFF}'"),
        ("{} {}", "f:1:4: expected the end, found '{'"),
        ("[\"a\nb\"]", "f:1:4: a control character in a string must be escaped"),
    ])
    func whatIsNoJSONIsRefusedAtItsPlace(text: String, message: String) { #expect(fault(Array(text.utf8)) == message) }

    /// Overlong forms, surrogates, too large and cut ones, stray continuations: as a string's content and outside of
    /// one.
    @Test(
        arguments: [
            [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF], [0xED, 0xA0, 0x80],
            [0xED, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFF], [0xFE], [0x80], [0xE2, 0x82],
        ] as [[UInt8]])
    func bytesThatAreNotUTF8AreRefused(bytes: [UInt8]) {
        #expect(fault(Array("[\"ä\u{1F600}".utf8) + bytes + Array("\"]".utf8)) == "f:1:5: this string is not UTF-8")
        #expect(fault(Array("[\"\\u00e4".utf8) + bytes + Array("\"]".utf8)) == "f:1:9: this string is not UTF-8")
        #expect(fault(Array("{\"".utf8) + bytes + Array("\": 1}".utf8)) == "f:1:3: this string is not UTF-8")
        #expect(
            fault(Array("[1, ".utf8) + bytes + Array("]".utf8)) == "f:1:5: expected a value, found byte \(bytes[0])")
    }

    @Test func otherEncodingsAreNamed() {
        #expect(
            fault(Array("{}".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }).contains("not UTF-8 but UTF-16"))
        #expect(
            fault([0xFF, 0xFE, 0x7B, 0]).contains("not UTF-8 but UTF-16")
                && fault([0xFE, 0xFF, 0, 0x7B]).contains("not UTF-8 but UTF-16"))
    }

    @Test func nestingHasALimit() {
        #expect(
            fault(Array((String(repeating: "[", count: 128) + String(repeating: "]", count: 128)).utf8)).hasPrefix(
                "read: [[["))
        #expect(
            fault(Array(String(repeating: "[", count: 129).utf8)).hasPrefix("f:1:129: nested too deeply: at most 128"))
        #expect(
            fault(Array(String(repeating: "{\"a\":", count: 1_000_000).utf8)).hasPrefix("f:1:641: nested too deeply"))
    }

    /// A megabyte on one line takes no longer than on many: places are counted once.
    @Test func placesOfALongLineAreRight() throws {
        let text = "[" + Array(repeating: "\"é\"", count: 200_000).joined(separator: ",") + "]"
        guard case .array(let items) = try JSONNode(json: Array(text.utf8), source: "f").content else {
            return #expect(Bool(false), "no list")
        }
        #expect(items.last?.place == TextPlace("f", line: 1, column: 2 + 199_999 * 4))
    }

    @Test func whatStandsInAnArgumentHasTheArgumentAsItsPlace() throws {
        let node = try JSONNode(json: #"{"a": [1]}"#, argument: "--set x={…}")
        #expect(node.place == TextPlace(whole: "--set x={…}") && node["a"]?.value.place.description == "--set x={…}")
        let error = #expect(throws: TextError.self) { try JSONNode(json: "[1,]", argument: "--set x=[1,]") }
        #expect(error?.description == "--set x=[1,]: character 4 of the value: expected a value, found ']'")
    }
}
