/// The stages as boxes one below the other, the jobs of a stage in one box. An arrow to the next box is straight; one
/// that passes boxes runs beside them, in a lane that belongs to the stage it leaves.
package struct StageGraph {
    private struct Box {
        let name: String
        let jobs: [ReportStage]
        let y: Double

        /// The state of all jobs, or that of the worst.
        var state: String {
            ["failed", "running", "missing", "stale"].first { state in jobs.contains { $0.state == state } }
                ?? jobs[0].state
        }

        var text: String {
            let time = jobs.compactMap(\.seconds).reduce(0, +)
            let states = Set(jobs.map(\.state))
            let words =
                states.count == 1
                ? jobs[0].state
                : states.sorted().map { state in
                    "\(jobs.count { $0.state == state }) \(state)"
                }.joined(separator: ", ")
            return words + (time > 0 ? " · \(fixed(time, 1)) s" : "")
        }
    }

    private static let left = 4.0, width = 184.0, height = 46.0, step = 74.0, lane = 14.0
    private let boxes: [Box]
    /// Pairs of places in `boxes`: what is read, and what reads it.
    private let edges: [(from: Int, to: Int)]

    /// - Parameter stages: inputs before what reads them.
    package init(_ stages: [ReportStage]) {
        var names: [String] = []
        for stage in stages where !names.contains(stage.stage) { names.append(stage.stage) }
        boxes = names.enumerated().map { place, name in
            Box(name: name, jobs: stages.filter { $0.stage == name }, y: Double(place) * Self.step + 4)
        }
        let stageOf = Dictionary(stages.map { ($0.name, $0.stage) }, uniquingKeysWith: { first, _ in first })
        edges = names.indices.flatMap { to in
            let read = Set(stages.filter { $0.stage == names[to] }.flatMap(\.inputs).compactMap { stageOf[$0] })
            return names.indices.filter { $0 < to && read.contains(names[$0]) }.map { (from: $0, to: to) }
        }
    }

    package var svg: String {
        let leaving = boxes.indices.filter { box in edges.contains { $0.from == box && $0.to > box + 1 } }
        let width = Self.left + Self.width + Double(leaving.count) * Self.lane + 16
        let height = Double(boxes.count - 1) * Self.step + Self.height + 8
        var svg =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(fixed(width, 0))\" height=\"\(fixed(height, 0))\" "
            + "viewBox=\"0 0 \(fixed(width, 0)) \(fixed(height, 0))\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"14\">\n"
            + "<title>The stages and what they read</title>\n"
        for edge in edges where edge.to == edge.from + 1 { svg += straight(edge.from) }
        // Lanes that end early lie inside, so that few lines cross.
        let byEnd = leaving.sorted { a, b in (last(a), -a) < (last(b), -b) }
        for (lane, from) in byEnd.enumerated() { svg += bus(from, lane: lane, of: byEnd.count) }
        for box in boxes { svg += drawn(box) }
        return svg + "</svg>"
    }

    private func last(_ from: Int) -> Int { edges.filter { $0.from == from }.map(\.to).max() ?? from }

    private func drawn(_ box: Box) -> String {
        let name = box.jobs.count > 1 ? "\(box.name) ×\(box.jobs.count)" : box.name
        return
            "<g class=\"\(escaped(box.state))\"><title>\(escaped(box.jobs.map(\.name).joined(separator: ", ")))</title>\n"
            + "<rect x=\"\(fixed(Self.left, 0))\" y=\"\(fixed(box.y, 0))\" width=\"\(fixed(Self.width, 0))\" height=\"\(fixed(Self.height, 0))\" rx=\"7\"/>\n"
            + text(box, 19, name, "font-weight=\"600\"") + text(box, 37, box.text, "class=\"state\"") + "</g>\n"
    }

    private func text(_ box: Box, _ down: Double, _ text: String, _ style: String) -> String {
        let shown = text.count > 23 ? text.prefix(22) + "…" : text[...]
        return
            "<text x=\"\(fixed(Self.left + 11, 0))\" y=\"\(fixed(box.y + down, 0))\" \(style)>\(escaped(String(shown)))</text>\n"
    }

    private func straight(_ from: Int) -> String {
        let x = Self.left + Self.width / 2
        let y1 = boxes[from].y + Self.height
        let y2 = boxes[from + 1].y
        return edge("M\(fixed(x, 0)) \(fixed(y1, 0)) V\(fixed(y2 - 6, 0))") + head(x, y2, dx: 0, dy: 1)
    }

    /// A stage's lane with an arrow into every box that reads it but the next. No two lanes reach a box at one height.
    private func bus(_ from: Int, lane: Int, of lanes: Int) -> String {
        let right = Self.left + Self.width
        let x = right + 14 + Double(lane) * Self.lane
        func y(_ box: Int) -> Double { boxes[box].y + Self.height * (Double(lane) + 1) / (Double(lanes) + 1) }
        let ends = edges.filter { $0.from == from && $0.to > from + 1 }.map(\.to)
        return ends.map { to in
            edge(
                "M\(fixed(right, 0)) \(fixed(y(from), 1)) H\(fixed(x - 5, 1)) q5 0 5 5 V\(fixed(y(to) - 5, 1)) q0 5 -5 5 H\(fixed(right + 6, 0))"
            )
                + head(right, y(to), dx: -1, dy: 0)
        }.joined()
    }

    private func edge(_ path: String) -> String { "<path class=\"edge\" d=\"\(path)\"/>\n" }

    /// An arrow's head whose tip is at (x, y), pointing along (dx, dy).
    private func head(_ x: Double, _ y: Double, dx: Double, dy: Double) -> String {
        let backX = x - 8 * dx
        let backY = y - 8 * dy
        let corners = [(x, y), (backX - 4 * dy, backY - 4 * dx), (backX + 4 * dy, backY + 4 * dx)]
        return "<path class=\"head\" d=\"M"
            + corners.map { "\(fixed($0.0, 1)) \(fixed($0.1, 1))" }.joined(separator: " L") + " Z\"/>\n"
    }
}
