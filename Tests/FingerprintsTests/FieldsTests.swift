import Fingerprints
import Testing

/// What keys that a user wrote are read as, and what is said of those that are wrong: the place, the key from the root
/// on, what was expected, what is there.
@Suite struct FieldsTests {
    private enum Colour: String, CaseIterable { case red, green }

    private func fields(_ text: String, known: [String] = ["a"]) throws -> Fields {
        try Fields(JSONNode(json: Array(text.utf8), source: "f"), known: known)
    }

    private func fault(_ text: String, known: [String] = ["a"], _ read: (Fields) throws -> Void = { _ in }) -> String {
        do {
            try read(try fields(text, known: known))
            return "read"
        } catch { return error is TextError ? "\(error)" : "another error: \(error)" }
    }

    @Test(arguments: [("1", 1), ("5", 5), ("2.0", 2), ("null", nil)] as [(String, Int?)])
    func wholeNumbersOfARange(text: String, number: Int?) throws {
        #expect(try fields("{\"a\": \(text)}").int("a", in: 1...5) == number)
        #expect(try fields("{}").int("a", in: 1...5) == nil)
    }

    @Test(arguments: ["0", "6", "2.5", "\"2\"", "true"])
    func otherNumbersAreNot(text: String) {
        #expect(
            fault("{\"a\": \(text)}") { _ = try $0.int("a", in: 1...5) }
                == "f:1:7: \"a\" must be a whole number from 1 to 5; it is \(text)")
    }

    @Test func bounds() throws {
        #expect(
            fault(#"{"a": -1}"#) { _ = try $0.int("a", in: 0...Int.max) }
                == #"f:1:7: "a" must be a whole number of at least 0; it is -1"#)
        #expect(try fields(#"{"a": 0.5}"#).double("a", in: 0...0.5) == 0.5)
        #expect(try fields(#"{"a": 0}"#).double("a", in: 0...0.5) == 0)
        #expect(
            fault(#"{"a": 0.75}"#) { _ = try $0.double("a", in: 0...0.5) }
                == #"f:1:7: "a" must be a number from 0.0 to 0.5; it is 0.75"#)
    }

    @Test func textsAndFlags() throws {
        #expect(try fields(#"{"a": "x"}"#).string("a") == "x" && fields("{}").string("a") == nil)
        #expect(fault(#"{"a": ""}"#) { _ = try $0.string("a") }.contains("must be a string that is not empty"))
        #expect(try fields(#"{"a": false}"#).bool("a") == false && fields(#"{"a": null}"#).bool("a") == nil)
        #expect(fault(#"{"a": 0}"#) { _ = try $0.bool("a") } == #"f:1:7: "a" must be true or false; it is 0"#)
        #expect(try fields(#"{"a": "green"}"#).choice("a", Colour.self) == .green)
        #expect(
            fault(#"{"a": "gren"}"#) { _ = try $0.choice("a", Colour.self) }
                == #"f:1:7: "a" is "gren", not one of red, green; did you mean "green"?"#)
        #expect(
            fault(#"{"a": "violet"}"#) { _ = try $0.choice("a", Colour.self) }
                == #"f:1:7: "a" is "violet", not one of red, green"#)
    }

    @Test func lists() throws {
        #expect(try fields(#"{"a": ["x", ""]}"#).strings("a") == ["x", ""] && fields("{}").strings("a") == nil)
        #expect(try fields(#"{"a": [1, 2.0]}"#).ints("a") == [1, 2])
        #expect(try fields(#"{"a": [1, 2.5]}"#).doubles("a") == [1, 2.5])
        #expect(
            fault(#"{"a": [1, 2.5]}"#) { _ = try $0.ints("a") } == #"f:1:11: "a.1" must be a whole number; it is 2.5"#)
        #expect(
            fault(#"{"a": "x"}"#) { _ = try $0.strings("a") } == #"f:1:7: "a" must be a list: a string each; it is "x""#
        )
        #expect(try fields(#"{"a": ["red"]}"#).strings("a", among: ["red", "green"]) == ["red"])
        #expect(
            fault(#"{"a": ["red", "gren"]}"#) { _ = try $0.strings("a", among: ["red", "green"]) }
                == #"f:1:15: "a" is "gren", not one of red, green; did you mean "green"?"#)
    }

    @Test func keysThatAreNotKnown() {
        #expect(fault(#"{"ab": 1}"#, known: ["abc", "x"]) == #"f:1:2: unknown key "ab"; did you mean "abc"?"#)
        #expect(fault(#"{"quite": 1}"#, known: ["x", "abc"]) == #"f:1:2: unknown key "quite"; known keys are abc, x"#)
        #expect(fault(#"{"$why": 1, "a": 2}"#) == "read")
        #expect(fault("[1]") == "f:1:1: the file must be an object {…}; it is [1]")
    }

    @Test func objectsInside() throws {
        let text = #"{"a": [{"b": 1}, {"b": 9}], "c": {"b": 3}, "d": {"y": {"b": 5}, "x": {}}}"#,
            known = ["a", "c", "d"]
        let root = try fields(text, known: known)
        #expect(try root.objects("a", known: ["b"]).map { try $0.int("b", in: 0...9) } == [1, 9])
        #expect(try root.object("c", known: ["b"]).int("b", in: 0...9) == 3)
        let named = try root.namedObjects("d", known: ["b"])
        #expect(named.map(\.name) == ["y", "x"] && named[1].fields.has("b") == false && named[0].fields.has("b"))
        #expect(
            fault(text, known: known) { _ = try $0.objects("a", known: ["b"])[1].int("b", in: 0...8) }
                == #"f:1:24: "a.1.b" must be a whole number from 0 to 8; it is 9"#)
        #expect(
            fault(text, known: known) { _ = try $0.namedObjects("d", known: ["q"]) }
                == #"f:1:56: unknown key "d.y.b"; did you mean "q"?"#)
        #expect(try fields("{}", known: ["c"]).object("c", known: ["b"]).has("b") == false)
        #expect(try fields("{}", known: ["c"]).objects("c", known: ["b"]).isEmpty)
        #expect(fault(#"{"a": {}}"#) { _ = try $0.objects("a", known: []) }.contains("must be a list of objects"))
    }

    @Test func whatIsLacking() {
        #expect(
            fault("{}") { _ = try $0.required("a", "a number") { key in nil as Int? } }
                == #"f:1:1: the file lacks "a", which must be a number"#)
        #expect(
            fault(#"{"a": {}}"#) {
                _ = try $0.object("a", known: ["b"]).required("b", "a name") { key in nil as Int? }
            } == #"f:1:7: "a" lacks "b", which must be a name"#)
    }
}
