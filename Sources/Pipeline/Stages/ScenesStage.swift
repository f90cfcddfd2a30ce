import Datasets
import Engine
import Fingerprints

/// Draws the demo's scenes: JPEG files, COCO annotations and word vectors, from a seed.
struct ScenesStage: Stage {
    let name = "scenes"
    let revision = 1
    let staysWithDriver = true
    let outputs = ["scenes"]
    let seed: UInt64
    let count: Int

    var parameters: Value { ["seed": .int(Int(seed)), "scenes": .int(count)] }

    func numericsKey() -> Digest? { nil }

    func run(_ context: StageContext) throws {
        try DemoScenes(seed: seed, images: count).write(to: context.output + "/scenes") { drawn in
            try context.checkCancelled()
            context.progress(drawn, of: count, "scenes")
        }
    }
}
