import Datasets
import Engine
import Fingerprints

/// Draws the demo's scenes: JPEG files, COCO annotations and word vectors, from a seed.
struct ScenesStage: Stage {
    let name = "scenes"
    let revision = 1
    let staysWithDriver = true
    let outputs = ["scenes"]
    let parameters: Parameters

    struct Parameters: Encodable, Sendable { let seed: UInt64, scenes: Int }

    init(seed: UInt64, count: Int) { parameters = Parameters(seed: seed, scenes: count) }

    func numericsKey() -> Digest? { nil }

    func run(_ context: StageContext) throws {
        try DemoScenes(seed: parameters.seed, images: parameters.scenes).write(to: context.output + "/scenes") {
            drawn in
            try context.checkCancelled()
            context.progress(drawn, of: parameters.scenes, "scenes")
        }
    }
}
