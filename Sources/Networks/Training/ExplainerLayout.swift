/// Where each tensor of an explainer lies in its flat storage, in PyTorch's order of parameters.
package struct ExplainerLayout: Sendable, Equatable {
    let inputs: Int
    let outputs: Int

    /// A trained tensor: name as in PyTorch, shape, place in `Explainer.parameters` or `Explainer.statistics`.
    package struct Entry: Sendable, Equatable {
        package let name: String
        package let shape: [Int]
        package let range: Range<Int>
    }

    let weight1, bias1, linear1Weight, linear1Bias, weight2, bias2, linear2Weight, linear2Bias: Entry
    let mean1, variance1, mean2, variance2: Entry

    package var parameters: [Entry] {
        [weight1, bias1, linear1Weight, linear1Bias, weight2, bias2, linear2Weight, linear2Bias]
    }
    package var statistics: [Entry] { [mean1, variance1, mean2, variance2] }
    var parameterCount: Int { linear2Bias.range.upperBound }
    var statisticCount: Int { variance2.range.upperBound }

    init(inputs: Int, outputs: Int) {
        self.inputs = inputs
        self.outputs = outputs
        var end = 0
        func next(_ name: String, _ shape: [Int]) -> Entry {
            let start = end
            end += shape.reduce(1, *)
            return Entry(name: name, shape: shape, range: start..<end)
        }
        weight1 = next("bn1.weight", [inputs])
        bias1 = next("bn1.bias", [inputs])
        linear1Weight = next("linear1.weight", [inputs, inputs])
        linear1Bias = next("linear1.bias", [inputs])
        weight2 = next("bn2.weight", [inputs])
        bias2 = next("bn2.bias", [inputs])
        linear2Weight = next("linear2.weight", [outputs, inputs])
        linear2Bias = next("linear2.bias", [outputs])
        end = 0
        mean1 = next("bn1.running_mean", [inputs])
        variance1 = next("bn1.running_var", [inputs])
        mean2 = next("bn2.running_mean", [inputs])
        variance2 = next("bn2.running_var", [inputs])
    }
}
