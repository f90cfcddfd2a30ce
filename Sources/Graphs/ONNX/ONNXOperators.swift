/// Gives the terms of a node's outputs from those of its inputs (nil: left out).
typealias ONNXTranslation = @Sendable (inout ONNXImporter, [GraphBuilder.Term?]) throws -> [GraphBuilder.Term]

/// Every operator of ONNX that is read, by its name (onnx.ai/onnx/operators, opset 9 to 22).
let onnxOperators: [String: ONNXTranslation] = onnxLayers.merging(onnxArithmetic) { $1 }.merging(onnxShapes) { $1 }

func required(_ inputs: [GraphBuilder.Term?], _ index: Int) throws -> GraphBuilder.Term {
    guard inputs.indices ~= index, let term = inputs[index] else { throw ShapeMismatch("it lacks input \(index)") }
    return term
}

func optional(_ inputs: [GraphBuilder.Term?], _ index: Int) -> GraphBuilder.Term? {
    inputs.indices ~= index ? inputs[index] : nil
}
