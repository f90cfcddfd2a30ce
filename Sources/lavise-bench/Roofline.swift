import Foundation
import Networks
import Tensors

/// The floor of every kernel, from its FLOP and bytes and the machine's rates, beside what it takes.
struct Roofline {
    let rates: Rates

    /// A line for every shape of convolution, with its share of its backbone's time.
    func convolutions(_ architecture: Architecture, layer: String) throws -> String {
        var rows: [(layer: ConvolutionLayer, times: Int)] = []
        for layer in try architecture.convolutionLayers(upTo: layer) {
            if let index = rows.firstIndex(where: { $0.layer.shape == layer.shape }) {
                rows[index].times += 1
            } else {
                rows.append((layer, 1))
            }
        }
        var text = """
            | \(architecture): layer | times | shape | how | products GFLOP | floor µs | measured µs | measured / floor |
            | --- | ---: | --- | --- | ---: | ---: | ---: | ---: |

            """
        var floors = 0.0, measured = 0.0
        for (layer, count) in rows {
            let shape = layer.shape, images = layer.images
            // Weights are read once a call; what else runs at the time shares the memory.
            let flop = layer.algorithm.productFLOP(shape) / (rates.flop / Double(benchThreads))
            let bytes = (shape.mapBytes + shape.weightBytes / Double(images)) / (rates.copy / Double(benchThreads))
            let run = LayerRun(shape, layer.algorithm, images: images)
            let floor = max(flop, bytes), times = max(1, Int(0.003 / floor / Double(images)))
            let time = try fastest(20) { try run.run(times: times) } / Double(images * times)
            floors += floor * Double(count)
            measured += time * Double(count)
            text +=
                "| \(layer.name) | \(count) | \(shape.inputs)→\(shape.outputs), \(shape.kernel)×\(shape.kernel)/\(shape.stride), \(shape.height)² | "
                + "\(layer.algorithm) | \(number(layer.algorithm.productFLOP(shape) / 1e9, 3)) | \(number(floor * 1e6, 0))\(bytes > flop ? " (bytes)" : "") | "
                + "\(number(time * 1e6, 0)) | \(number(time / floor, 2)) |\n"
        }
        return text
            + "| all | | | | | \(number(floors * 1e6, 0)) | \(number(measured * 1e6, 0)) | \(number(measured / floors, 2)) |\n"
    }

    /// A line for a whole workload.
    func line(_ workload: any BenchWorkload, repeats: Int) throws -> String {
        let time = try fastest(repeats, workload.run)
        let floor = max(workload.flop / rates.flop, workload.bytes / rates.copy)
        let bound = floor == 0 ? "–" : number(floor * 1e3, 1), gap = floor == 0 ? "–" : number(time / floor, 2)
        return
            "| \(workload.title) | \(number(Double(workload.items) / time, 0)) \(workload.unit)/s | \(number(time * 1e3, 1)) | \(bound) | \(gap) |\n"
    }
}

func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
