import Foundation
import Transfer
import TestSupport

// A process that tests can kill, and the developer's way to the helpers of the tests.
let usage = """
    transfer-probe fetch MANIFEST FOLDER [CONNECTIONS RANGE_BYTES [BYTES_PER_SECOND]]
    transfer-probe miniature coco|visual-genome COCO_FOLDER OUTPUT BASE_URL    (in the project's folder)
    transfer-probe measure-zip ZIP ROUNDS
    transfer-probe fuzz SEED SECONDS
    """

func run(_ arguments: [String]) throws -> Bool {
    switch (arguments.first, arguments.count) {
    case ("fetch", 3), ("fetch", 5), ("fetch", 6):
        var options = try DownloadOptions(environment: ProcessInfo.processInfo.environment)
        options.firstDelay = 0.01
        options.longestDelay = 0.1
        if arguments.count >= 5 {
            options.connectionsPerFile = Int(arguments[3]) ?? options.connectionsPerFile
            options.rangeBytes = Int(arguments[4]) ?? options.rangeBytes
        }
        if arguments.count == 6 { options.bandwidthLimit = Int(arguments[5]) }
        let note: (String) -> Void = { FileHandle.standardError.write(Data(($0 + "\n").utf8)) }
        for file in try Downloader(options).fetch(Manifest(contentsOf: arguments[1]), into: arguments[2], note: note) {
            print("\(file.sha256) \(file.bytes) \(file.name)")
        }
    case ("miniature", 5):
        let (make, name) =
            arguments[1] == "coco" ? (Miniature.coco, "coco2017") : (Miniature.visualGenome, "visual_genome")
        let manifest = try make(
            arguments[2], arguments[3], Manifest(contentsOf: "manifests/\(name).json"), arguments[4])
        try Data((manifest.value.json(pretty: true) + "\n").utf8).write(
            to: URL(fileURLWithPath: "\(arguments[3])/\(manifest.name).json"))
    case ("measure-zip", 3):
        print(try measureZip(arguments[1], rounds: Int(arguments[2]) ?? 1))
    case ("fuzz", 3):
        let report = try fuzzTransferReaders(seed: UInt64(arguments[1]) ?? 0, seconds: Double(arguments[2]) ?? 1)
        print("\(report.inputs) inputs, \(report.accepted) accepted")
        guard report.surprises.isEmpty else { throw SupportError(words: report.surprises.joined(separator: "\n")) }
    default: return false
    }
    return true
}

do {
    if try !run(Array(CommandLine.arguments.dropFirst())) {
        FileHandle.standardError.write(Data((usage + "\n").utf8))
        exit(2)
    }
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(error is TransferError ? 8 : 1)
}
