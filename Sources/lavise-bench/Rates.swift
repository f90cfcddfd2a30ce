import Fingerprints
import Tensors

/// What this machine does at its best, on `benchThreads` threads: what floors are made of.
struct Rates {
    /// FLOP/s of OpenBLAS on square products.
    let blas: Double
    /// FLOP/s of our own matrix product, packing included.
    let kernels: Double
    /// Bytes/s read plus written by a copy that stays in no cache.
    let copy: Double

    var flop: Double { max(blas, kernels) }

    init() throws {
        let n = 1024, length = 64 << 20
        let a = (0..<benchThreads).map { _ in FloatStorage(count: n * n) },
            b = (0..<benchThreads).map { _ in FloatStorage(count: n * n) }
        let c = (0..<benchThreads).map { _ in FloatStorage(count: n * n) }
        for storage in a + b { for i in 0..<n * n { storage.address[i] = Float(i % 7) - 3 } }
        nonisolated(unsafe) let (left, right, product) = (a, b, c)
        blas =
            try 2 * Double(n * n * n * benchThreads)
            / fastest(40) {
                try concurrently(benchThreads, threads: benchThreads) { part in
                    gemm(
                        transposeA: false, transposeB: false, m: n, n: n, k: n, alpha: 1, a: left[part].address, lda: n,
                        b: right[part].address, ldb: n, beta: 0, c: product[part].address, ldc: n)
                }
            }
        let products = MatrixProducts()
        kernels =
            try 2 * Double(n * n * n * benchThreads)
            / fastest(40) {
                try concurrently(benchThreads, threads: benchThreads) { part in
                    products.multiply(
                        MatrixView(left[part].address, rowStride: n), MatrixView(right[part].address, rowStride: n),
                        rows: n, columns: n, terms: n,
                        into: product[part].address, rowStride: n)
                }
            }
        let from = (0..<benchThreads).map { _ in FloatStorage(count: length) },
            to = (0..<benchThreads).map { _ in FloatStorage(count: length) }
        nonisolated(unsafe) let (source, target) = (from, to)
        copy =
            try 8 * Double(length * benchThreads)
            / fastest(5) {
                try concurrently(benchThreads, threads: benchThreads) {
                    target[$0].address.update(from: source[$0].address, count: length)
                }
            }
    }
}

/// One convolution on random numbers, the same on every thread.
final class LayerRun {
    private let convolution: PackedConvolution
    private let images: Int
    private let inputs: [FloatStorage], outputs: [FloatStorage], scratch: [FloatStorage]

    init(_ shape: ConvolutionShape, _ algorithm: ConvolutionAlgorithm, images: Int) {
        var random = RandomSource(seed: 0, stream: "bench/layer")
        let count = shape.outputs * shape.inputs * shape.kernel * shape.kernel
        convolution = PackedConvolution(
            shape, algorithm, weights: (0..<count).map { _ in Float(random.uniform(-1, 1)) },
            bias: [Float](repeating: 0, count: shape.outputs))
        self.images = images
        let pixels = BlockedMaps.plane(pixels: images * shape.height * shape.width)
        let places = BlockedMaps.plane(pixels: images * shape.outputHeight * shape.outputWidth)
        inputs = (0..<benchThreads).map { _ in FloatStorage(count: shape.inputs * pixels) }
        outputs = (0..<benchThreads).map { _ in FloatStorage(count: shape.outputs * places) }
        for storage in inputs { for i in 0..<storage.count { storage.address[i] = Float(i % 13) - 6 } }
        scratch = (0..<benchThreads).map { [convolution] _ in
            FloatStorage(count: convolution.scratchCount(images: images))
        }
    }

    /// So many runs on every thread, for threads take a while to start.
    func run(times: Int) throws {
        let shape = convolution.shape
        nonisolated(unsafe) let (inputs, outputs, scratch) = (inputs, outputs, scratch)
        let regions = [MapRegion](
            repeating: MapRegion(height: shape.outputHeight, width: shape.outputWidth), count: images)
        try concurrently(benchThreads, threads: benchThreads) { [convolution, images] part in
            let input = BlockedMaps(
                inputs[part].address, plane: BlockedMaps.plane(pixels: images * shape.height * shape.width))
            let output = BlockedMaps(
                outputs[part].address, plane: BlockedMaps.plane(pixels: images * shape.outputHeight * shape.outputWidth)
            )
            regions.withUnsafeBufferPointer { regions in
                for _ in 0..<times {
                    convolution.apply(
                        input: input, output: output, rectifying: true, regions: regions, scratch: scratch[part].address
                    )
                }
            }
        }
    }
}
