/// The stages as boxes, what they read to their left.
struct StageGraph {
    private struct Box {
        let stage: ReportStage, column: Int, row: Int
        var x: Double { Double(column) * 190 + 10 }
        var y: Double { Double(row) * 64 + 10 }
    }

    private static let width = 150.0, height = 44.0
    private let boxes: [Box]

    /// - Parameter stages: inputs before what reads them.
    init(_ stages: [ReportStage]) {
        var columns: [String: Int] = [:], rows: [Int: Int] = [:]
        boxes = stages.map { stage in
            let column = (stage.inputs.compactMap { columns[$0] }.max() ?? -1) + 1
            columns[stage.name] = column
            defer { rows[column, default: 0] += 1 }
            return Box(stage: stage, column: column, row: rows[column, default: 0])
        }
    }

    var svg: String {
        let width = (boxes.map(\.x).max() ?? 0) + Self.width + 10, height = (boxes.map(\.y).max() ?? 0) + Self.height + 10
        var svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(fixed(width, 0))\" height=\"\(fixed(height, 0))\" "
            + "viewBox=\"0 0 \(fixed(width, 0)) \(fixed(height, 0))\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\" "
            + "fill=\"currentColor\">\n<title>The stages and what they read</title>\n"
        let byName = Dictionary(boxes.map { ($0.stage.name, $0) }, uniquingKeysWith: { first, _ in first })
        for box in boxes {
            for input in box.stage.inputs.compactMap({ byName[$0] }) { svg += edge(input, box) }
        }
        for box in boxes {
            svg += "<g><title>\(escaped(box.stage.name))</title>\n<rect x=\"\(fixed(box.x, 0))\" y=\"\(fixed(box.y, 0))\" width=\"150\" height=\"44\" rx=\"6\" "
                + "fill=\"none\" stroke=\"currentColor\" class=\"\(escaped(box.stage.state))\"/>\n"
            svg += text(box, 18, box.stage.name, "bold")
            let time = box.stage.seconds.map { ", \(fixed($0, 1)) s" } ?? ""
            svg += text(box, 35, box.stage.state + time, "normal") + "</g>\n"
        }
        return svg + "</svg>"
    }

    private func text(_ box: Box, _ down: Double, _ text: String, _ weight: String) -> String {
        let shown = text.count > 18 ? text.prefix(17) + "…" : text[...]
        return "<text x=\"\(fixed(box.x + 10, 0))\" y=\"\(fixed(box.y + down, 0))\" font-weight=\"\(weight)\">\(escaped(String(shown)))</text>\n"
    }

    private func edge(_ from: Box, _ to: Box) -> String {
        let x1 = from.x + Self.width, y1 = from.y + Self.height / 2, x2 = to.x, y2 = to.y + Self.height / 2
        let bend = (x1 + x2) / 2
        let numbers = [x1, y1, bend, y1, bend, y2, x2, y2].map { fixed($0, 0) }
        return "<path d=\"M\(numbers[0]) \(numbers[1]) C\(numbers[2]) \(numbers[3]) \(numbers[4]) \(numbers[5]) \(numbers[6]) \(numbers[7])\" "
            + "fill=\"none\" stroke=\"currentColor\" opacity=\"0.5\"/>\n"
    }
}
