import Fingerprints
import Foundation
import HDF5
import Testing
import Transfer
import TestSupport

/// From zips to the recall table with nothing done by hand: the committed experiments on small COCO and Visual Genome.
@Suite(.waits) struct MiniatureRunTests {
    /// So few filters that the test is quick.
    private let size = [
        "--set", "evaluate.filters=[\((0..<24).map { "\(21 * $0)" }.joined(separator: ","))]", "--set",
        "evaluate.topImages=8", "--results", "results",
    ]
    private let files = FileManager.default

    @Test func cocoGoesFromZipsToTheTable() throws {
        try MiniatureProject.with(.coco, .glove, .resNet18) { project in
            let experiment = "experiments/resnet18_coco.json"
            let first = try project.run(["run", experiment] + size)
            #expect(first.code == 0 && first.output.contains("| projection |"), "\(first.errors)")
            expectSane(try project.recall("resnet18_coco"))
            try expectCOCOsQuirks(project, experiment)
            let bytes = try project.bytes(of: "coco2017", "glove6b", "resnet18")
            #expect(project.server.bytesServed == bytes, "every file is fetched, and once")

            let second = try project.run(["run", experiment] + size)
            #expect(
                second.code == 0 && second.errors.contains(" 0 run,") && second.output == first.output,
                "\(second.errors)")
            #expect(project.server.bytesServed == bytes)

            // Of the archives only those that are read in place are kept.
            let zips = try files.subpathsOfDirectory(atPath: project.command.path(".lavise")).filter {
                $0.hasSuffix(".zip")
            }
            #expect(Set(zips.map { URL(fileURLWithPath: $0).lastPathComponent }) == ["train2017.zip", "val2017.zip"])

            // The same images from files.
            let fromZips = try project.digests(experiment)
            try project.replace("coco2017") { manifest in
                Manifest(
                    name: manifest.name,
                    files: manifest.files.map { file in
                        let folder = String(file.name.dropLast(4))
                        return ManifestFile(
                            name: file.name, urls: file.urls, bytes: file.bytes, checksum: file.checksum,
                            license: file.license,
                            extract: file.extract.isEmpty ? [Extraction(.folder(folder), to: folder)] : file.extract)
                    })
            }
            let third = try project.run(["run", experiment] + size)
            let fromFiles = try project.digests(experiment)
            #expect(third.code == 0 && third.errors.contains("cut off"), "\(third.errors)")
            #expect(fromFiles["download-coco2017"] != fromZips["download-coco2017"])
            #expect(fromFiles["preprocess"] == fromZips["preprocess"] && fromZips["preprocess"]?.isEmpty == false)
        }
    }

    /// A PNG named .jpg is read, a crowd is a mask like others, and what has no annotation, or no entry, is no image.
    private func expectCOCOsQuirks(_ project: MiniatureProject, _ experiment: String) throws {
        let dataset = try project.dataset([experiment])
        let ids = try dataset.read("images/id", as: Int64.self)
        let train = try files.contentsOfDirectory(atPath: project.command.path("coco/train2017")).sorted()
        let isPNG = try #require(train.last.flatMap { Int64($0.dropLast(4)) })
        #expect(ids.contains(isPNG))
        #expect(!ids.contains(999_999_999_999) && !ids.contains(Int64(Miniature.unannotated.id)))
        #expect(try dataset.readStrings("skipped/file") == [])
        let crowded = try #require(train.first.flatMap { Int64($0.dropLast(4)) }.flatMap(ids.firstIndex(of:)))
        let masks = try dataset.read("instances/mask224", as: UInt8.self)
        // Rows of 28 bytes, the left half of which is the crowd's.
        func isCrowded(_ sample: Int) -> Bool {
            (0..<224).allSatisfy { row in
                masks[sample * 6272 + row * 28..<sample * 6272 + row * 28 + 13].allSatisfy { $0 == 255 }
            }
        }
        let images = try dataset.read("instances/image", as: Int32.self)
        #expect(images.indices.contains { images[$0] == Int32(crowded) && isCrowded($0) })
    }

    /// The experiment for those who want no 20 GB: one archive, cut by the seed.
    @Test func theSmallExperimentGoesFromZipsToTheTable() throws {
        try MiniatureProject.with(.cocoValidation, .glove, .resNet18) { project in
            let first = try project.run(["run", "experiments/coco_small.json"] + size)
            #expect(first.code == 0 && first.output.contains("| projection |"), "\(first.errors)")
            expectSane(try project.recall("coco_small"))
            #expect(try project.server.bytesServed == project.bytes(of: "coco_val2017", "glove6b", "resnet18"))
        }
    }

    @Test func visualGenomeGoesFromZipsToTheTable() throws {
        try MiniatureProject.with(.visualGenome, .glove, .resNet18) { project in
            let experiment = "experiments/resnet18_vg.json"
            let arguments = ["run", experiment, "--set", "dataset.minimumCount=3"] + size
            // A hundred occurrences are too many to ask of so few images; what was downloaded is on record all the
            // same.
            let lockPath = project.command.path("manifests/visual_genome.lock.json")
            #expect(
                try project.run("run", experiment, "--until", "preprocess", "--set", "dataset.minimumCount=100000").code
                    == 1)
            #expect(files.fileExists(atPath: lockPath))

            let first = try project.run(arguments)
            #expect(first.code == 0 && first.output.contains("| projection |"), "\(first.errors)")
            expectSane(try project.recall("resnet18_vg"))
            // What the archive is known to have that cannot be read is left out, and said to be.
            #expect(first.output.contains("2 images could not be read and were skipped: "), "\(first.output)")
            #expect(first.output.contains("90001592.jpg") && first.output.contains("90004616.jpg"), "\(first.output)")
            #expect(first.output.contains("2 objects have no synset, and so no concept"), "\(first.output)")
            let dataset = try project.dataset([experiment, "--set", "dataset.minimumCount=3"])
            let ids = try dataset.read("images/id", as: Int64.self).filter { $0 > 90_000_000 }
            #expect(ids == [90_000_001], "neither what cannot be read, nor what has no objects or no entry")
            // No vector has such a name (METHOD): told, with how often.
            let names = try dataset.readStrings("unmatched/name")
            #expect(names.contains("street_sign") && names.contains("dining_table"), "\(names)")
            #expect(first.output.contains("dining_table ("), "\(first.output)")
            let second = try project.run(arguments)
            #expect(second.code == 0 && second.errors.contains(" 0 run,"), "\(second.errors)")

            // The hash that nobody published is on record now,
            let lock = try ManifestLock(contentsOf: lockPath)
            #expect(lock.entries.keys.sorted() == ["objects.json.zip"])
            #expect(
                try lock.entries["objects.json.zip"]?.sha256 == Digest(contentsOf: "\(project.mirror)/objects.json.zip")
            )
            // and another file of that name is refused.
            let other = try ZipWriter("\(project.mirror)/objects.json.zip")
            try other.add("objects.json", Array("[]".utf8))
            try other.close()
            let third = try project.run("run", experiment, "--only", "download-visual_genome", "--store", "other")
            #expect(
                third.code == 8 && third.errors.contains("objects.json.zip") && third.errors.contains("expected"),
                "\(third.errors)")
            #expect(try ManifestLock(contentsOf: lockPath) == lock)
        }
    }

    @Test func offlineNamesWhatIsMissing() throws {
        try MiniatureProject.with(.coco, .glove) { project in
            let experiment = "experiments/resnet18_coco.json"
            let outcome = try project.run("run", experiment, "--offline", "--only", "download-coco2017")
            #expect(outcome.code == 8 && project.server.requestCount == 0)
            for file in try project.manifest("coco2017").files {
                #expect(
                    outcome.errors.contains("\(file.name) (\(file.bytes ?? 0) bytes, \(file.urls[0]))"),
                    "\(outcome.errors)")
            }
            // All manifests' files at once.
            let all = try project.run("run", experiment, "--offline")
            #expect(all.code == 8)
            for name in ["train2017.zip", "glove.6B.zip", "resnet18-f37072fd.pth"] {
                #expect(all.errors.contains(name), "\(all.errors)")
            }
            #expect(!files.fileExists(atPath: project.command.path("results")))

            // A folder that has the files stands in for the network.
            let mirrored = try project.run(
                "run", experiment, "--offline", "--until", "preprocess", environment: ["LAVISE_MIRRORS": project.mirror]
            )
            #expect(mirrored.code == 0 && project.server.requestCount == 0, "\(mirrored.errors)")
        }
    }

    @Test func killedRunFetchesOnlyTheRest() throws {
        try MiniatureProject.with(.coco) { project in
            let bytes = try project.bytes(of: "coco2017")
            let process = Process()
            process.executableURL = Command.binary
            process.arguments = ["run", "resnet18_coco", "--only", "download-coco2017", "-C", project.command.root]
            process.environment = ProcessInfo.processInfo.environment.merging([
                "no_proxy": "127.0.0.1", "LAVISE_BANDWIDTH": "\(bytes / 4)",
            ]) { $1 }
            process.standardError = FileHandle.nullDevice
            try process.run()
            while project.server.bytesServed < bytes / 2, process.isRunning { usleep(1000) }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal)
            let before = project.server.bytesServed
            let second = try project.run("run", "resnet18_coco", "--only", "download-coco2017")
            #expect(second.code == 0, "\(second.errors)")
            // What was in sockets and buffers when the process died comes a second time, no more.
            #expect(
                project.server.bytesServed - before < bytes * 3 / 4,
                "\(before) of \(bytes) bytes, then \(project.server.bytesServed - before)")
        }
    }

    /// On a terminal, which `script` stands in for.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/script")))
    func progressShowsBytesRateAndTimeLeft() throws {
        try MiniatureProject.with(.coco) { project in
            let bytes = try project.bytes(of: "coco2017")
            let process = Process(), output = Pipe()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
            let command =
                "'\(Command.binary.path)' run resnet18_coco --only download-coco2017 -C '\(project.command.root)'"
            process.arguments = ["-qefc", command, "/dev/null"]
            process.environment = ProcessInfo.processInfo.environment.merging(
                ["no_proxy": "127.0.0.1", "LAVISE_BANDWIDTH": "\(bytes / 4)", "COLUMNS": "120"]) { $1 }
            process.standardOutput = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(text)")
            #expect(text.contains(/download-coco2017 \d+\/\d+ MB downloading, [\d.]+\/s, [\d.]+s left/), "\(text)")
        }
    }

    @Test func doctorShowsWhatIsToBeFetched() throws {
        try MiniatureProject.with(.coco) { project in
            func row(_ name: String) throws -> String {
                try #require(
                    try project.run("doctor").output.split(separator: "\n").first { $0.contains(" \(name) ") }.map(
                        String.init))
            }
            let before = try row("download-coco2017")
            #expect(before.contains("3 files to fetch") && before.contains("resnet18_coco"), "\(before)")
            #expect(try project.run("run", "resnet18_coco", "--only", "download-coco2017").code == 0)
            #expect(try row("download-coco2017").hasSuffix("here"))
            #expect(try row("download-visual_genome").contains("unknown before the first download"))
        }
    }
}
