import Foundation
import Testing
import TestSupport

/// Images that are wrong inside an archive whose hash is right: what the publisher put there.
@Suite(.waits) struct MiniatureDamageTests {
    /// - Parameters:
    ///   - spoil: changes the first image of train2017 in the mirror's archive; gets its name.
    ///   - problem: what the command says of it.
    private func expect(_ problem: String, _ spoil: (MiniatureProject, String) throws -> Void) throws {
        try MiniatureProject.with(.coco, .glove) { project in
            let image = try #require(
                try FileManager.default.contentsOfDirectory(atPath: project.command.path("coco/train2017")).min())
            try spoil(project, image)
            try project.replace("coco2017") {
                try Miniature.manifest(like: $0, in: project.mirror, base: project.server.url)
            }
            let failed = try project.run(
                "run", "resnet18_coco", "--until", "preprocess", "--set", "dataset.onBadImage=fail")
            #expect(
                failed.code == 1 && failed.errors.contains("train2017/\(image)") && failed.errors.contains(problem),
                "\(failed.errors)")
            #expect(failed.errors.contains("--set dataset.onBadImage=skip"), "\(failed.errors)")
            // What the published experiments say.
            let skipped = try project.run("run", "resnet18_coco", "--until", "preprocess")
            #expect(skipped.code == 0, "\(skipped.errors)")
        }
    }

    @Test func memberThatIsNotWhatItsCRCSays() throws {
        try expect("in train2017.zip: cannot be read: CRC error") { project, _ in
            let archive = URL(fileURLWithPath: "\(project.mirror)/train2017.zip")
            var bytes = try Data(contentsOf: archive)
            bytes[5000] ^= 0xFF
            try bytes.write(to: archive)
        }
    }

    @Test func memberThatIsCutOff() throws {
        try expect("truncated: the file ends") { project, image in
            let file = URL(fileURLWithPath: project.command.path("coco/train2017/\(image)"))
            try Data(contentsOf: file).prefix(5000).write(to: file)
            _ = try Miniature.coco(
                from: project.command.path("coco"), to: project.mirror, like: project.manifest("coco2017"),
                base: project.server.url)
        }
    }

    @Test func memberThatIsMissing() throws {
        try expect("in none of the archives train2017.zip, val2017.zip") { project, image in
            try FileManager.default.removeItem(atPath: project.command.path("coco/train2017/\(image)"))
            _ = try Miniature.coco(
                from: project.command.path("coco"), to: project.mirror, like: project.manifest("coco2017"),
                base: project.server.url)
        }
    }
}
