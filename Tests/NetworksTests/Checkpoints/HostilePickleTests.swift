import Foundation
import Networks
import Testing

/// Pickles written to break a reader: each must give an error in bounded time and memory.
@Suite struct HostilePickles {
    private static let start: [UInt8] = [0x80, 2]

    private static let noStorages: [UInt8] = start + Array("].".utf8)

    /// Reads a checkpoint in the legacy container around a pickle, and of it what `body` wants.
    private func load<R>(_ pickle: [UInt8], after: [UInt8] = noStorages, _ body: (Checkpoint) throws -> R) throws -> R {
        let magic: [UInt8] = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
        let version: [UInt8] = [0x80, 2, UInt8(ascii: "M"), 0xe9, 3, 0x2e]
        let facts: [UInt8] =
            HostilePickles.start + Array("}X".utf8) + [13, 0, 0, 0] + Array("little_endian".utf8) + [0x88]
            + Array("s.".utf8)
        return try withTemporaryFolder { folder in
            try Data(magic + version + facts + pickle + after).write(to: URL(filePath: folder + "/a.pth"))
            return try body(Checkpoint(contentsOf: folder + "/a.pth"))
        }
    }

    private func complaint(_ pickle: [UInt8], after: [UInt8] = noStorages) -> String {
        failure { try load(pickle, after: after) { _ in } }
    }

    private func text(_ string: String) -> [UInt8] {
        [UInt8(ascii: "X"), UInt8(string.utf8.count), 0, 0, 0] + Array(string.utf8)
    }

    private func storage(count: [UInt8]) -> [UInt8] {
        Array("(".utf8) + text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("0") + text("cpu") + count
            + Array("tQ".utf8)
    }

    /// `{"w": _rebuild_tensor_v2(storage, offset, shape, strides, False, {})}`
    private func tensor(count: [UInt8], offset: [UInt8], shape: [UInt8], strides: [UInt8]) -> [UInt8] {
        HostilePickles.start + Array("}".utf8) + text("w") + Array("ctorch._utils\n_rebuild_tensor_v2\n(".utf8)
            + storage(count: count)
            + offset + shape + strides + Array([0x89]) + Array("}tRs.".utf8)
    }

    private let one: [UInt8] = [UInt8(ascii: "K"), 1], tuple1: [UInt8] = [0x85]
    private let billion: [UInt8] = [UInt8(ascii: "J"), 0, 0xca, 0x9a, 0x3b]
    private let huge: [UInt8] = [0x8a, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]
    private let keys: [UInt8] =
        Array("\u{80}".unicodeScalars.map { UInt8($0.value) }) + [2] + Array("](X".utf8) + [1, 0, 0, 0]
        + Array("0e.".utf8)

    @Test func cutOffAndOutOfPlace() throws {
        for (pickle, reason) in [
            (Array(".".utf8), "the stack is empty"), (Array("0.".utf8), "the stack is empty"),
            (Array("t.".utf8), "no mark"), (Array("(0.".utf8), "the stack is empty"),
            (Array("NR.".utf8), "the stack is empty"),
            (Array("NNR.".utf8), "no function"), (Array("Nb.".utf8), "the stack is empty"),
            (Array("NNb.".utf8), "has none"),
            (Array("h\u{7}.".utf8), "kept under 7"), (Array("Ne.".utf8), "no mark"), (Array("N(Ne.".utf8), "no list"),
            (Array("N(NNu.".utf8), "no dictionary"),
            (Array("}(Nu.".utf8), "no dictionary"), (Array("NQ.".utf8), "no storage"), (Array("i".utf8), "0x69"),
            (Array("o".utf8), "0x6f"),
            (Array("cos\nsystem\n.".utf8), "'os.system'"),
            (Array("c" + String(repeating: "a", count: 300)).map { $0.asciiValue ?? 0 }, "too long"),
            ([0x80, 99], "protocol 99"), ([UInt8(ascii: "X"), 0xff, 0xff, 0xff, 0xff], "cut off"),
            ([0x8d, 0, 0, 0, 0, 0, 0, 0, 0x90], "too large"),
            ([0x8b, 0xff, 0xff, 0xff, 0x7f], "cut off"),
            ([0x8e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "cut off"),
            (Array("N.".utf8), "no dictionary of tensors"), (Array("}.".utf8), "holds no tensors"),
            (Array("ccollections\nOrderedDict\n)R.".utf8), "holds no tensors"),
            (Array("ccollections\nOrderedDict\n(K\u{1}tR.".utf8), "pairs"),
            (Array("ctorch\nFloatStorage\n)R.".utf8), "class is called"),
        ] as [([UInt8], String)] {
            let message = complaint(HostilePickles.start + pickle)
            #expect(message.contains(reason), "\(String(decoding: pickle, as: UTF8.self)): \(message)")
        }
    }

    /// What starts programs or reaches into Python is refused by name, wherever in the file it stands and however it
    /// is written.
    @Test(arguments: [
        "os.system", "posix.system", "nt.system", "os.popen", "os.path.join", "subprocess.Popen",
        "subprocess.check_output", "builtins.eval",
        "builtins.exec", "builtins.compile", "builtins.open", "builtins.__import__", "__builtin__.execfile",
        "builtins.setattr", "pty.spawn",
        "sys.exit", "socket.socket", "shutil.rmtree", "runpy.run_path", "importlib.import_module", "webbrowser.open",
        "ctypes.CDLL",
        "pickle.loads", "marshal.loads", "multiprocessing.Process", "urllib.request.urlopen",
        "http.client.HTTPSConnection", "pip.main",
        "timeit.timeit", "pdb.run", "code.InteractiveInterpreter", "asyncio.subprocess.create_subprocess_shell",
    ])
    func harmfulNames(name: String) throws {
        let dot = try #require(name.lastIndex(of: ".")), module = String(name[..<dot]),
            function = String(name[name.index(after: dot)...])
        for global in [Array("c\(module)\n\(function)\n".utf8), text(module) + text(function) + [0x93]] {
            // {"b": function(…)}, and the function alone, never called
            for pickle in [
                Array("}".utf8) + text("b") + global + text("x") + [0x85] + Array("Rs.".utf8),
                global + Array("0}.".utf8),
            ] {
                #expect(complaint(HostilePickles.start + pickle).contains("wants to use '\(name)'"))
            }
        }
    }

    /// What only sounds like that is a program's own.
    @Test(arguments: [
        "code.models.Args", "osmnx.Graph", "types.SimpleNamespace", "profile.config.Config", "builtins.set",
        "pathlib.PosixPath",
    ])
    func harmlessNames(name: String) throws {
        let dot = try #require(name.lastIndex(of: "."))
        let global = Array("c\(name[..<dot])\n\(name[name.index(after: dot)...])\n".utf8)
        #expect(
            complaint(HostilePickles.start + Array("}".utf8) + text("b") + global + Array(")Rs.".utf8)).hasSuffix(
                "holds no tensors, only 'b'"))
    }

    @Test func claimsOfABillion() throws {
        // The storage is not in the file.
        let missing = failure {
            try load(
                tensor(count: billion, offset: [UInt8(ascii: "K"), 0], shape: one + tuple1, strides: one + tuple1)
            ) { _ = try $0.tensor("w", shape: [1]) }
        }
        #expect(missing.contains("no whole storage"))
        // The storage claims a billion elements and has none.
        let after = keys + [0, 0xca, 0x9a, 0x3b, 0, 0, 0, 0]
        #expect(
            complaint(
                tensor(count: billion, offset: [UInt8(ascii: "K"), 0], shape: one + tuple1, strides: one + tuple1),
                after: after
            )
            .contains("claims 1000000000 numbers"))
        // Negative, and beyond all bounds.
        #expect(
            complaint(
                tensor(
                    count: [UInt8(ascii: "J"), 0xff, 0xff, 0xff, 0xff], offset: one, shape: one + tuple1,
                    strides: one + tuple1)
            )
            .contains("no storage"))
        #expect(
            complaint(tensor(count: huge, offset: one, shape: one + tuple1, strides: one + tuple1)).contains(
                "no storage"))
    }

    @Test func tensorsThatReachOutside() throws {
        let small: [UInt8] = keys + [2, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 128, 63, 0, 0, 0, 64]  // one storage: 1.0, 2.0
        let two: [UInt8] = [UInt8(ascii: "K"), 2], zero: [UInt8] = [UInt8(ascii: "K"), 0]
        func reading(offset: [UInt8], shape: [UInt8], strides: [UInt8], _ expected: [Int]) -> String {
            failure {
                let numbers = try load(tensor(count: two, offset: offset, shape: shape, strides: strides), after: small)
                {
                    try $0.tensor("w", shape: expected).data
                }
                #expect(numbers == [2])
            }
        }
        #expect(reading(offset: one, shape: one + tuple1, strides: one + tuple1, [1]) == "no error")
        #expect(reading(offset: one, shape: two + tuple1, strides: one + tuple1, [2]).contains("outside its storage"))
        #expect(reading(offset: huge, shape: one + tuple1, strides: one + tuple1, [1]).contains("outside its storage"))
        #expect(reading(offset: zero, shape: two + tuple1, strides: huge + tuple1, [2]).contains("outside its storage"))
        // Found by fuzzing: the last number's place is beyond all bounds.
        #expect(reading(offset: huge, shape: two + tuple1, strides: one + tuple1, [2]).contains("outside its storage"))
        // Found by fuzzing: no number at all, of extents whose product is beyond all numbers.
        let tuple3: [UInt8] = [0x87]
        let none = failure {
            let extents = huge + huge + zero + tuple3
            let file = tensor(count: two, offset: zero, shape: extents, strides: one + one + one + tuple3)
            let numbers = try load(file, after: small) { try $0.tensor("w", shape: [Int.max, Int.max, 0]).data }
            #expect(numbers == [])
        }
        #expect(none == "no error")
        // One number that stands for a billion.
        #expect(
            reading(offset: zero, shape: billion + tuple1, strides: zero + tuple1, [1_000_000_000]).contains(
                "has more than 16777216 numbers"))
        #expect(
            reading(offset: zero, shape: billion + tuple1, strides: huge + tuple1, [1_000_000_000]).contains(
                "outside its storage"))
        #expect(
            reading(offset: zero, shape: one + tuple1, strides: [UInt8(ascii: ")")], [1]).contains(
                "outside its storage"))
        #expect(
            reading(
                offset: [UInt8(ascii: "J"), 0xff, 0xff, 0xff, 0xff], shape: one + tuple1, strides: one + tuple1, [1]
            ).contains("outside its storage"))
    }

    /// Nested without end, wide without end, a tree that doubles, a list that holds itself, a dictionary made again and
    /// again.
    @Test func bombs() throws {
        let many = 3_000_000
        let nested = HostilePickles.start + Array(")".utf8) + [UInt8](repeating: 0x85, count: many)
        #expect(complaint(nested, after: []).contains("more than 1000000 operations"))
        #expect(
            complaint(HostilePickles.start + [UInt8](repeating: UInt8(ascii: "]"), count: many), after: []).contains(
                "operations"))
        #expect(
            complaint(HostilePickles.start + [UInt8](repeating: UInt8(ascii: "("), count: many), after: []).contains(
                "operations"))
        // 900,000 tuples, one in the other, are no danger either
        let deep = HostilePickles.start + Array(")".utf8) + [UInt8](repeating: 0x85, count: 900_000) + Array(".".utf8)
        #expect(complaint(deep).contains("no dictionary of tensors"))
        // x = (x, x), forty times: a trillion leaves, forty tuples
        let doubled =
            HostilePickles.start + Array("Nq\0".utf8)
            + (0..<40).flatMap { _ in Array("h\0h\0".utf8) + [0x86] + Array("q\0".utf8) } + Array(".".utf8)
        #expect(complaint(doubled).contains("no dictionary of tensors"))
        let cyclic = HostilePickles.start + Array("]q\0h\0a.".utf8)
        #expect(complaint(cyclic).contains("no dictionary of tensors"))
        // OrderedDict(pairs) for 1,000 pairs, 10,000 times over
        let pairs = Array("](".utf8) + (0..<1000).flatMap { _ in Array("NN".utf8) + [0x86] } + Array("eq\0".utf8)
        let again = Array("ccollections\nOrderedDict\nh\0".utf8) + [0x85] + Array("R0".utf8)
        #expect(
            complaint(HostilePickles.start + pairs + (0..<10_000).flatMap { _ in again }, after: []).contains(
                "operations"))
        // a shape of 100,000 axes
        let shape = Array("(".utf8) + (0..<100_000).flatMap { _ in one } + Array("t".utf8)
        #expect(complaint(tensor(count: one, offset: one, shape: shape, strides: shape)).contains("not made of"))
    }

    /// A pickle of more than the limit, of one long text.
    @Test func tooLong() throws {
        let length = 17 << 20
        let pickle =
            HostilePickles.start + [UInt8(ascii: "X"), 0, 0, UInt8(length >> 16 & 255), UInt8(length >> 24)]
            + [UInt8](repeating: 65, count: length)
        #expect(complaint(pickle + Array(".".utf8)).contains("cut off"))
    }
}
