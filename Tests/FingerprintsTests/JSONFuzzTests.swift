import Fingerprints
import Foundation
import Testing

/// Random documents are read with every place right; with one fault put in, the fault's own place is named; and
/// whatever bytes come, they are read back to the same value or refused at a place inside the text.
@Suite struct JSONFuzzTests {
    /// Text that is written with an own count of lines and columns.
    private struct Writer {
        var random: RandomSource
        var bytes: [UInt8] = []
        var line = 1, column = 1
        /// Places in the order of the text: of every value and key.
        var places: [TextPlace] = []
        /// Values until the fault.
        var untilFault: Int
        var fault: (place: TextPlace, message: String)?

        var place: TextPlace { TextPlace("f", line: line, column: column) }

        mutating func put(_ text: String) {
            bytes += Array(text.utf8)
            column += text.unicodeScalars.count
        }

        mutating func space() {
            for _ in 0..<random.below(3) {
                switch random.below(6) {
                case 0: bytes.append(10); (line, column) = (line + 1, 1)
                case 1: bytes += [13, 10]; (line, column) = (line + 1, 1)
                // Before another space, or it and a line feed would be one end.
                case 2: bytes += [13, 32]; (line, column) = (line + 1, 2)
                case 3: put("\t")
                default: put(" ")
                }
            }
        }

        mutating func string(_ text: String) {
            put("\"")
            for scalar in text.unicodeScalars {
                switch (scalar, random.below(4)) {
                case ("\"", _): put("\\\"")
                case ("\\", _): put("\\\\")
                case (_, 0):
                    for unit in String(scalar).utf16 { put("\\u" + String(0x10000 + Int(unit), radix: 16).dropFirst()) }
                default: put(String(scalar))
                }
            }
            put("\"")
        }

        mutating func text() -> String {
            String(
                (0..<random.below(4)).map { _ in
                    ["a", "\"", "\\", "é", "水", "😀", "$", "."][random.below(8)] as Character
                })
        }

        mutating func value(depth: Int) -> Value {
            space()
            untilFault -= 1
            if untilFault == 0 { writeFault() }
            places.append(place)
            switch random.below(depth > 4 ? 5 : 8) {
            case 0: put("null"); return nil
            case 1: put("true"); return true
            case 2: put("-17"); return -17
            case 3: put("2.5E-1"); return 0.25
            case 4: let text = text(); string(text); return .string(text)
            case 5, 6: return list(depth)
            default: return object(depth)
            }
        }

        private mutating func list(_ depth: Int) -> Value {
            var values: [Value] = []
            put("[")
            for index in 0..<random.below(4) {
                if index > 0 { put(",") }
                values.append(value(depth: depth + 1))
                space()
            }
            put("]")
            return .array(values)
        }

        private mutating func object(_ depth: Int) -> Value {
            var members: [String: Value] = [:]
            put("{")
            for index in 0..<random.below(4) {
                if index > 0 { put(",") }
                space()
                places.append(place)
                let key = text() + "\(index)"
                string(key)
                space()
                put(":")
                members[key] = value(depth: depth + 1)
                space()
            }
            put("}")
            return .object(members)
        }

        /// What is wrong, how far behind its beginning, and what is said of it.
        private static let faults: [(text: String, offset: Int, message: String)] = [
            ("NaN", 0, "expected a value, found 'N'"), ("Infinity", 0, "expected a value, found 'I'"),
            ("01", 0, "no leading zero"), ("-01", 1, "no leading zero"),
            ("+1", 0, "expected a value, found '+'"), (".5", 0, "expected a value"), ("1. ", 2, "expected a digit"),
            ("1e+ ", 3, "expected a digit"),
            ("- ", 1, "expected a digit"), ("1e999 ", 0, "too large"), ("tru ", 3, "expected true"),
            ("nulL", 3, "expected null"), ("'a'", 0, "expected a value, found '''"),
            ("\"a\u{1}\"", 2, "control character"), ("\"\\x\"", 1, "unknown escape"),
            ("\"\\u12g4\"", 3, "four hex digits"), ("\"é\\ud800\"", 2, "surrogate"),
            ("\"\\udc00\"", 1, "surrogate"), ("\"\\ud800\\ud800\"", 1, "surrogate"),
            ("[1,]", 3, "expected a value, found ']'"), ("[,1]", 1, "expected a value, found ','"),
            ("[1 2]", 3, "expected ',' or ']'"), ("{\"é\":1,}", 7, "expected a key in quotes, found '}'"),
            ("{\"a\":1,\"\\u0061\":2}", 7, "the key \"a\" stands twice"),
            ("{\"a\" 1}", 5, "expected ':' after \"a\""), ("{\"a\":}", 5, "expected a value, found '}'"),
            ("{a:1}", 1, "expected a key in quotes"), ("{1:1}", 1, "expected a key"),
            ("{\"a\":1 \"b\":2}", 7, "expected ',' or '}'"), ("//é", 0, "found '/'"), ("/**/1", 0, "found '/'"),
            ("#", 0, "found '#'"), ("\u{FEFF}1", 0, "found '\u{FEFF}'"),
            (String(repeating: "[", count: 200), 1, "nested too deeply"),
        ]

        private mutating func writeFault() {
            let fault = Self.faults[random.below(Self.faults.count)]
            guard fault.text.first != "\u{FEFF}" || !bytes.isEmpty else { return }
            self.fault = (TextPlace("f", line: line, column: column + fault.offset), fault.message)
            put(fault.text)
        }
    }

    private static func places(_ node: JSONNode) -> [TextPlace] {
        switch node.content {
        case .array(let items): [node.place] + items.flatMap(places)
        case .object(let members): [node.place] + members.flatMap { [$0.place] + places($0.value) }
        default: [node.place]
        }
    }

    @Test func randomTextsAreReadOrRefusedAtTheirPlace() throws {
        let environment = ProcessInfo.processInfo.environment
        let rounds = environment["LAVISE_FUZZ_SECONDS"] == nil ? 30_000 : 1_000_000
        var random = RandomSource(seed: environment["LAVISE_FUZZ_SEED"].flatMap(UInt64.init) ?? 1, stream: "json")
        var read = 0, refused = 0, damagedRead = 0
        for round in 0..<rounds {
            var writer = Writer(random: random, untilFault: round % 3 == 1 ? 1 + round / 3 % 5 : -1)
            let value = writer.value(depth: 0)
            writer.space()
            random = writer.random
            if round % 3 == 2 {
                damagedRead += Self.damage(writer.bytes, &random) ? 1 : 0
                continue
            }
            do {
                let node = try JSONNode(json: writer.bytes, source: "f")
                read += 1
                #expect(
                    writer.fault == nil && node.value == value && Self.places(node) == writer.places,
                    "\(String(decoding: writer.bytes, as: UTF8.self))")
            } catch {
                refused += 1
                let isDeep = error.problem.hasPrefix("nested too deeply")
                #expect(
                    (error.place == writer.fault?.place || isDeep)
                        && error.problem.contains(writer.fault?.message ?? "nothing"),
                    "\(error) in \(String(decoding: writer.bytes, as: UTF8.self))")
            }
        }
        #expect(read > rounds / 3 && refused > rounds / 10 && damagedRead > rounds / 100)
        if environment["LAVISE_FUZZ_SECONDS"] != nil {
            print(
                "\(rounds) random JSON texts: \(read) whole ones read, \(refused) with a fault refused, \(damagedRead) of \(rounds / 3) damaged ones read"
            )
        }
    }

    /// - Returns: whether the damaged text is still read.
    private static func damage(_ text: [UInt8], _ random: inout RandomSource) -> Bool {
        var bytes = text
        for _ in 0...random.below(3) where !bytes.isEmpty {
            let at = random.below(bytes.count)
            switch random.below(3) {
            case 0: bytes[at] = UInt8(random.below(256))
            case 1: bytes.remove(at: at)
            default: bytes.insert(Array("{}[],:\"\\0123-eE.untrfals \n\r".utf8)[random.below(27)], at: at)
            }
        }
        do {
            let node = try JSONNode(json: bytes, source: "f")
            let again = try? JSONNode(json: Array(node.value.json(pretty: true).utf8), source: "f")
            #expect(again?.value == node.value)
            // A reader of Foundation's, which takes more than JSON, takes at least this.
            #expect(
                (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil,
                "\(String(decoding: bytes, as: UTF8.self))")
            return true
        } catch {
            let lines = bytes.count { $0 == 10 || $0 == 13 } + 1
            #expect(
                (1...lines).contains(error.place.position?.line ?? 0)
                    && (1...bytes.count + 1).contains(error.place.position?.column ?? 0))
            return false
        }
    }
}
