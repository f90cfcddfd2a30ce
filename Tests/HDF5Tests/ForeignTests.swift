import Foundation
import HDF5
import Testing

/// Files made by other programs: `Fixtures/foreign.h5` (by make_foreign.py) and the reference's golden file.
@Suite struct Foreign {
    private func foreign(trusted: Bool = true) throws -> HDF5File {
        try HDF5File.open(
            try #require(Bundle.module.path(forResource: "foreign", ofType: "h5", inDirectory: "Fixtures")),
            trusted: trusted)
    }

    @Test func numbersAndTexts() throws {
        let file = try foreign()
        #expect(try file.read("half", as: Float16.self) == [0.5, -2, 65504, .infinity, 5.9604645e-08])
        #expect(try file.read("big_endian", as: Float.self) == [1.5, -3.25])
        #expect(try file.dataset("big_endian", Float.self).read(rows: 1..<2) == [-3.25])
        #expect(try file.readStrings("texts/variable") == ["dining", "", "straße"])
        #expect(try file.readStrings("texts/fixed") == ["abc", "é"])
        #expect(try file.read("single", as: Int64.self) == [41])
        #expect(try file.stringAttribute("text", on: "/") == "variable ü")
        #expect(try file.intAttribute("whole", on: "/") == 7)
        #expect(try file.doubleAttribute("real", on: "/") == 0.25)
        #expect(try file.scalarType(of: "complex") == nil)
        #expect(try file.isGroup("texts") && !file.isGroup("half"))
    }

    @Test(arguments: [
        ("complex", "something else than our numbers"), ("soft", "link"), ("elsewhere", "link"),
        ("huge_chunked", "claims"), ("huge_overflowing", "too large"), ("huge_contiguous", "claims"),
        ("huge_chunk", "MiB"), ("outside", "another file"), ("virtual", "virtual"),
    ])
    func hostileDatasets(name: String, reason: String) throws {
        let file = try foreign()
        let text = message {
            _ =
                try
                (name.hasPrefix("huge") ? file.read(name, as: Float.self).count : file.read(name, as: UInt8.self).count)
        }
        #expect(text?.contains(name) == true && text?.contains(reason) == true, "\(text ?? "no error")")
    }

    @Test func variableTextNeedsTrust() throws {
        let file = try foreign(trusted: false)
        #expect(message { _ = try file.readStrings("texts/variable") }?.contains("trusted") == true)
        #expect(message { _ = try file.stringAttribute("text", on: "/") }?.contains("trusted") == true)
        #expect(try file.readStrings("texts/fixed") == ["abc", "é"])
    }

    @Test func noRows() throws {
        let empty = try foreign().dataset("no_rows", UInt8.self)
        #expect(empty.shape == [0, 1 << 62])
        #expect(try empty.read(rows: 0..<0) == [])
    }

    @Test func severalValuesAreNoAttribute() throws {
        #expect(message { _ = try foreign().intAttribute("many", on: "/") }?.contains("not a single value") == true)
    }

    /// Skipped where the reference files are not there (see LAVISE_REFERENCE).
    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: referenceFile("reference/golden-paper.h5")),
            "needs the reference files: set LAVISE_REFERENCE"))
    func theGoldenFile() throws {
        let file = try HDF5File.open(referenceFile("reference/golden-paper.h5"), trusted: true)
        #expect(try file.shape(of: "features") == [24, 256, 14, 14])
        let tokens = try file.readStrings("concepts/token")
        #expect(
            tokens.count == 92
                && tokens == tokens.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) })
        #expect(try file.read("explainer/bn1/num_batches_tracked", as: Int64.self) == [6])
        let all = try file.read("features", as: Float.self)
        let one = try file.dataset("features", Float.self).read(rows: 17..<18)
        #expect(one == Array(all[17 * 256 * 196..<18 * 256 * 196]))
        #expect(try file.stringAttribute("arguments", on: "/").contains("resnet18-imagenet-layer3.pth"))
        #expect(try file.children(of: "training") == ["epoch", "step_loss"])
    }
}

/// Path of a file of the reference, which is not part of the project.
func referenceFile(_ name: String) -> String {
    let root =
        ProcessInfo.processInfo.environment["LAVISE_REFERENCE"]
        ?? URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared").standardized.path
    return root + "/" + name
}
