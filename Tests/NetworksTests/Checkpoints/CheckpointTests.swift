import Foundation
import HDF5
import Networks
import Tensors
import Testing

func checkpointPath(_ name: String) -> String { Bundle.module.bundlePath + "/Fixtures/Checkpoints/" + name }

/// The message of the error that `body` throws.
func failure(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return "no error"
}

/// Checkpoints made by PyTorch: `Fixtures/Checkpoints/make_checkpoints.py`.
@Suite struct Checkpoints {
    private let expected = Result { try HDF5File.open(checkpointPath("expected.h5")) }

    @Test(arguments: [
        "zip.pth", "legacy.pth", "tar.pth", "protocol4.pth", "parameters.pth", "wrapped.pth", "deflated.pth",
    ])
    func everyContainer(name: String) throws {
        let checkpoint = try Checkpoint(contentsOf: checkpointPath(name), wanted: ["0.weight", "3.bias"]),
            expected = try expected.get()
        #expect(
            checkpoint.names == [
                "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
                "3.weight", "3.bias",
            ])
        for name in checkpoint.names where name != "1.num_batches_tracked" {
            let shape = try expected.shape(of: "state/" + name)
            #expect(checkpoint.shape(of: name) == shape)
            #expect(
                try checkpoint.tensor(name, shape: shape) == Tensor(shape: shape, data: expected.read("state/" + name)),
                "\(name)")
        }
    }

    @Test(arguments: ["odd.pth", "odd_legacy.pth"]) func typesAndViews(name: String) throws {
        let checkpoint = try Checkpoint(contentsOf: checkpointPath(name)), expected = try expected.get()
        for name in ["double", "half", "bfloat", "transposed", "window", "every_other", "expanded", "single", "empty"] {
            let shape = try expected.shape(of: "odd/" + name)
            #expect(
                try checkpoint.tensor(name, shape: shape) == Tensor(shape: shape, data: expected.read("odd/" + name)),
                "\(name)")
        }
        #expect(
            failure { _ = try checkpoint.tensor("long", shape: [3]) }.contains(
                "'long' is of int64, expected floating numbers"))
        #expect(
            failure { _ = try checkpoint.tensor("first_of_many", shape: [4]) }.contains(
                "'first_of_many' is scattered over 6001 numbers"))
    }

    @Test func errorsNameTheTensor() throws {
        let checkpoint = try Checkpoint(contentsOf: checkpointPath("zip.pth"))
        #expect(
            failure { _ = try checkpoint.tensor("layer4.0.conv1.weight", shape: [1]) }
                == "checkpoint '\(checkpointPath("zip.pth"))': has no tensor 'layer4.0.conv1.weight'; it has 9, from '0.weight' to '3.bias'"
        )
        #expect(
            failure { _ = try checkpoint.tensor("3.weight", shape: [1000, 5]) }
                .hasSuffix("the tensor '3.weight' has the shape [4, 5], expected [1000, 5]"))
        // A transposed matrix has as many numbers.
        #expect(
            failure { _ = try checkpoint.tensor("3.weight", shape: [5, 4]) }
                .hasSuffix("the tensor '3.weight' has the shape [4, 5], expected [5, 4]"))
    }

    @Test(arguments: [
        ("evil_zip.pth", "posix.system"), ("evil_legacy.pth", "posix.system"), ("evil_eval.pth", "builtins.eval"),
    ])
    func nothingIsRun(name: String, function: String) throws {
        let text = failure { _ = try Checkpoint(contentsOf: checkpointPath(name)) }
        #expect(text.contains("wants to use '\(function)'") && text.contains("(byte "), "\(text)")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/evil-checkpoint-was-run"))
    }

    /// `getattr` makes an ordinary enumeration's member as well; here it makes nothing.
    @Test func whatOrdinaryFilesUseTooIsNotRunEither() {
        #expect(
            failure { _ = try Checkpoint(contentsOf: checkpointPath("evil_getattr.pth")) }.hasSuffix(
                "holds no tensors, only 'b'"))
        #expect(
            failure { _ = try Checkpoint(contentsOf: checkpointPath("model.pth")) }.contains(
                "'torch.nn.modules.container.Sequential', which is code"))
    }

    @Test func filesThatAreNoCheckpoints() throws {
        #expect(
            failure { _ = try Checkpoint(contentsOf: checkpointPath("no_tensors.pth")) }.hasSuffix(
                "holds no tensors, only 'epoch', 'lr'"))
        #expect(failure { _ = try Checkpoint(contentsOf: checkpointPath("expected.h5")) }.contains("is an HDF5 file"))
        #expect(failure { _ = try Checkpoint(contentsOf: checkpointPath("absent.pth")) }.contains("No such file"))
        #expect(failure { _ = try Checkpoint(contentsOf: checkpointPath("")) }.contains("is not a file"))
    }

    /// Cut at any place, a file gives an error or, where only its end is missing, all of its tensors.
    @Test(arguments: ["zip.pth", "legacy.pth", "tar.pth", "deflated.pth"]) func cutShort(name: String) throws {
        let whole = try Data(contentsOf: URL(filePath: checkpointPath(name)))
        let good = try Checkpoint(contentsOf: checkpointPath(name))
        try withTemporaryFolder { folder in
            for length in stride(from: 0, to: whole.count, by: 53) {
                try whole.prefix(length).write(to: URL(filePath: folder + "/cut.pth"))
                guard let checkpoint = try? Checkpoint(contentsOf: folder + "/cut.pth") else { continue }
                #expect(name == "tar.pth", "\(length) bytes of \(name) were taken for a checkpoint")
                for name in good.names where name != "1.num_batches_tracked" {
                    let shape = try #require(good.shape(of: name))
                    #expect(try checkpoint.tensor(name, shape: shape) == good.tensor(name, shape: shape))
                }
            }
        }
    }

    @Test func aDamagedZipMemberIsFound() throws {
        var bytes = try Data(contentsOf: URL(filePath: checkpointPath("zip.pth")))
        let expected = try expected.get()
        let weight: [Float] = try expected.read("state/0.weight")
        let place = try #require(bytes.firstRange(of: withUnsafeBytes(of: weight[5]) { Data($0) }))
        bytes[place.lowerBound] ^= 1
        try withTemporaryFolder { folder in
            try bytes.write(to: URL(filePath: folder + "/a.pth"))
            let text = failure {
                _ = try Checkpoint(contentsOf: folder + "/a.pth").tensor("0.weight", shape: [3, 2, 3, 3])
            }
            #expect(text.contains("CRC"), "\(text)")
        }
    }

    /// Skipped where the reference files are not there (see LAVISE_REFERENCE).
    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: referencePath("data/resnet18-imagenet-layer3.pth")),
            "needs the reference files: set LAVISE_REFERENCE"))
    func theRealResNetInBothContainers() throws {
        let zip = try Checkpoint(contentsOf: referencePath("data/resnet18-imagenet-layer3.pth"))
        let legacy = try Checkpoint(contentsOf: referencePath("data/resnet18-imagenet-layer3-legacy.pth"))
        #expect(zip.names == legacy.names && zip.names.first == "conv1.weight")
        var numbers = 0
        for name in zip.names where !name.hasSuffix("num_batches_tracked") {
            let shape = try #require(zip.shape(of: name))
            let tensor = try zip.tensor(name, shape: shape)
            #expect(try legacy.tensor(name, shape: shape) == tensor)
            #expect(tensor.data.allSatisfy { $0.isFinite })
            numbers += tensor.count
        }
        #expect(numbers > 2_700_000)
        // BatchNorm is folded in these files (see the reference's README): variance 1 − 1e-5.
        #expect(try zip.tensor("bn1.running_var", shape: [64]).data.allSatisfy { abs($0 - (1 - 1e-5)) < 1e-7 })
    }
}
