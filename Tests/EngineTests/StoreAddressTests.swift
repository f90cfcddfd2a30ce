import Engine
import Fingerprints
import Foundation
import Testing

/// Text for people names things as people do.
@Suite struct StoreAddressTests {
    @Test func addressesBecomeNames() throws {
        let shop = try Workshop()
        let stage = TestStage(name: "maps", outputs: ["maps.h5", "folder"]) { context in
            try writeText("maps", context.output + "/maps.h5")
            try FileManager.default.createDirectory(
                atPath: context.output + "/folder", withIntermediateDirectories: true)
            try writeText("words", context.output + "/folder/words.txt")
        }
        let outputs = try shop.runner().run(Plan([Job(id: "maps of layer4", stage: stage, inputs: [])]))[0].outputs
        let file = outputs[0].path, folder = outputs[1].path
        #expect(
            withoutStoreAddresses("HDF5 file '\(file)', 'x': bad") == "HDF5 file 'maps of layer4/maps.h5', 'x': bad")
        #expect(
            withoutStoreAddresses("cannot read \(folder)/words.txt: gone, nor \(file)")
                == "cannot read maps of layer4/folder/words.txt: gone, nor maps of layer4/maps.h5")
        let attempt = "\(shop.storePath)/work/\(Digest(hashing: "a").hex)"
        try FileManager.default.createDirectory(atPath: attempt, withIntermediateDirectories: true)
        #expect(
            withoutStoreAddresses("cannot write \(attempt)/out-17-abc-2/deep/maps.h5: full")
                == "cannot write deep/maps.h5: full")
        #expect(withoutStoreAddresses("\(attempt)/scratch/shard-3.h5") == "shard-3.h5")
        #expect(withoutStoreAddresses("\(shop.storePath)/work/verify-17-abc-2/out/maps.h5") == "maps.h5")
        // What nobody knows stays as it is, and so does everything else.
        let unknown = "\(shop.storePath)/cas/00/\(String(repeating: "0", count: 64))"
        for text in [
            unknown, "/nowhere/cas/00/\(String(repeating: "0", count: 64))", "no path at all", "\(shop.storePath)/work",
            "",
        ] {
            #expect(withoutStoreAddresses(text) == text)
        }
    }

    @Test func aStoreWithBlanksInItsPath() throws {
        let shop = try Workshop()
        try FileManager.default.createDirectory(atPath: shop.path("my store"), withIntermediateDirectories: true)
        let attempt = "\(shop.path("my store"))/work/\(Digest(hashing: "a").hex)/out-1-a-1"
        #expect(withoutStoreAddresses("cannot write \(attempt)/x.h5: full") == "cannot write x.h5: full")
    }

    /// The reason that `status` keeps of a failed job.
    @Test func failuresAreKeptInSuchWords() throws {
        let shop = try Workshop()
        let stage = TestStage(name: "s") { context in
            throw FileSystemError("write", context.output + "/maps.h5", code: ENOSPC)
        }
        let plan = try Plan([Job(id: "s", stage: stage, inputs: [])])
        #expect(throws: EngineError.self) { try shop.run(plan) }
        let reason = try shop.runner().status(of: plan)[0].reason
        #expect(
            reason.map { "\($0)" }?.hasPrefix("failed: cannot write maps.h5: No space left on device") == true,
            "\(String(describing: reason))")
    }
}
