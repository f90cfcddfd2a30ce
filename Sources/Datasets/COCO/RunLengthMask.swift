import Imaging

/// A mask as COCO keeps it: lengths of runs down the columns, from the left, beginning with unset pixels.
package struct RunLengthMask: Equatable {
    package let width: Int, height: Int
    /// Ends of the runs as pixel numbers (column · height + row): run i is set when i is odd.
    private let ends: [Int]

    /// Whether no pixel is set.
    package var isEmpty: Bool {
        !stride(from: 1, to: ends.count, by: 2).contains { ends[$0] > ends[$0 - 1] }
    }

    /// The runs of an uncompressed RLE.
    /// - Throws: `JSONProblem` when a run is negative or the runs do not make up the mask. (pycocotools leaves pixels
    ///   after too few runs to chance.)
    package init(counts: [Int], width: Int, height: Int) throws {
        guard width > 0, height > 0, width <= 1 << 20, height <= 1 << 20 else {
            throw JSONProblem("RLE of size \(height)×\(width)")
        }
        self.width = width
        self.height = height
        var ends: [Int] = []
        ends.reserveCapacity(counts.count)
        var at = 0
        for count in counts {
            guard count >= 0, count <= width * height - at else {
                throw JSONProblem("RLE runs do not make up \(height)×\(width) pixels")
            }
            at += count
            ends.append(at)
        }
        guard at == width * height else { throw JSONProblem("RLE runs do not make up \(height)×\(width) pixels") }
        self.ends = ends
    }

    /// The runs of a compressed RLE string: five bits a byte, from the third run on the difference to the run before
    /// the last (pycocotools, `rleFrString`).
    /// - Throws: `JSONProblem` for another byte or a cut string, and as above.
    package init(compressed: UnsafeRawBufferPointer, width: Int, height: Int) throws {
        var counts: [Int] = []
        var at = 0
        while at < compressed.count {
            var value = 0, shift = 0, more = true
            while more {
                guard at < compressed.count else { throw JSONProblem("RLE string ends inside a number") }
                let code = Int(compressed[at]) - 48
                guard code >= 0, code < 64, shift < 60 else {
                    throw JSONProblem("RLE string with a byte that is none of its alphabet")
                }
                value |= (code & 0x1F) << shift
                more = code & 0x20 != 0
                at += 1
                shift += 5
                if !more && code & 0x10 != 0 { value |= -1 << shift }
            }
            if counts.count > 2 { value &+= counts[counts.count - 2] }
            counts.append(value)
        }
        try self.init(counts: counts, width: width, height: height)
    }

    private init(ends: [Int], width: Int, height: Int) {
        self.ends = ends
        self.width = width
        self.height = height
    }

    /// The mask seen through a sampling of its own size; equal to rasterising it and sampling that.
    package func sampled(_ sampling: NearestSampling) -> Bitmap {
        precondition(sampling.sourceWidth == width && sampling.sourceHeight == height, "sampling of another size")
        var out = Bitmap(width: sampling.columns.count, height: sampling.rows.count)
        let columns = sampling.columns, rows = sampling.rows
        var last = -1
        for x in columns.indices {
            // Repeated source columns (upscaled images) are copied.
            if columns[x] == last {
                for y in rows.indices where out[x - 1, y] { out[x, y] = true }
                continue
            }
            last = columns[x]
            let start = last * height
            var run = firstRun(endingAfter: start)
            for y in rows.indices {
                let pixel = start + rows[y]
                while run < ends.count && ends[run] <= pixel { run += 1 }
                if run == ends.count { break }
                if run & 1 == 1 { out[x, y] = true } else if ends[run] >= start + height { break }
            }
        }
        return out
    }

    /// All pixels.
    package var bitmap: Bitmap {
        sampled(NearestSampling(width: width, height: height, toWidth: width, toHeight: height))
    }

    private func firstRun(endingAfter pixel: Int) -> Int {
        var low = 0, high = ends.count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= pixel { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension RunLengthMask {
    /// Farther out than this no annotation of an image reaches; bounds the work a hostile file can ask for.
    private static let farthest = 100_000.0
    private static let longestOutline = 1 << 28

    /// The polygon x0, y0, x1, y1, … rasterised pixel for pixel as pycocotools' `rleFrPoly`: the outline is drawn on a
    /// grid five times as fine, and every crossing between two pixel columns starts or ends a run. An odd last number
    /// is ignored.
    /// - Throws: `JSONProblem` for coordinates or outlines beyond reason.
    package init(polygon: [Double], width: Int, height: Int) throws {
        guard polygon.count >= 2 else { throw JSONProblem("a polygon of \(polygon.count) numbers") }
        guard polygon.allSatisfy({ abs($0) <= Self.farthest }) else {
            throw JSONProblem("a polygon reaches more than \(Int(Self.farthest)) pixels from the image")
        }
        let scale = 5.0, points = polygon.count / 2
        // Conversion to Int cuts towards zero, as C's does.
        var x = (0..<points).map { Int(scale * polygon[2 * $0] + 0.5) }
        var y = (0..<points).map { Int(scale * polygon[2 * $0 + 1] + 0.5) }
        x.append(x[0])
        y.append(y[0])
        var outline = 0
        for i in 0..<points { outline += max(abs(x[i] - x[i + 1]), abs(y[i] - y[i + 1])) + 1 }
        guard outline <= Self.longestOutline else {
            throw JSONProblem("a polygon with an outline of \(outline / 5) pixels")
        }

        var crossings: [Int] = []
        var previous: (u: Int, v: Int)?
        func step(_ u: Int, _ v: Int) {
            defer { previous = (u, v) }
            guard let (pu, pv) = previous, u != pu else { return }
            // Column boundary between the two points, in pixels; whole only on the boundaries between pixel centres.
            let column = (Double(u < pu ? u : u - 1) + 0.5) / scale - 0.5
            guard column.rounded(.down) == column, column >= 0, column <= Double(width - 1) else { return }
            let row = ((Double(min(v, pv)) + 0.5) / scale - 0.5).clamped(0, Double(height)).rounded(.up)
            crossings.append(Int(column) * height + Int(row))
        }
        for i in 0..<points {
            var (xs, xe, ys, ye) = (x[i], x[i + 1], y[i], y[i + 1])
            let dx = abs(xe - xs), dy = abs(ye - ys)
            let flip = (dx >= dy && xs > xe) || (dx < dy && ys > ye)
            if flip { swap(&xs, &xe); swap(&ys, &ye) }
            if dx >= dy {
                // pycocotools divides 0 by 0 for a repeated point; what comes of it is never used.
                let slope = dx == 0 ? 0 : Double(ye - ys) / Double(dx)
                for d in 0...dx {
                    let t = flip ? dx - d : d
                    step(t + xs, Int(Double(ys) + slope * Double(t) + 0.5))
                }
            } else {
                let slope = Double(xe - xs) / Double(dy)
                for d in 0...dy {
                    let t = flip ? dy - d : d
                    step(Int(Double(xs) + slope * Double(t) + 0.5), t + ys)
                }
            }
        }
        crossings.sort()
        var ends: [Int] = []
        for crossing in crossings {
            // Two crossings at one pixel cancel.
            if let last = ends.last, last == crossing { ends.removeLast() } else { ends.append(crossing) }
        }
        if ends.last != width * height { ends.append(width * height) }
        self.init(ends: ends, width: width, height: height)
    }
}

extension Double {
    fileprivate func clamped(_ low: Double, _ high: Double) -> Double { self < low ? low : self > high ? high : self }
}
