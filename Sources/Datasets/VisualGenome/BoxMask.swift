import Imaging

/// A box clipped to a canvas (the image's size, but for the deviation `transposedBoxMask`), seen through a sampling.
///
/// - Parameter isSliced: the box is cut out by Python's slices (deviation `transposedBoxMask`).
func boxMask(
    _ box: VisualGenomeObjects.Box, on canvas: (width: Int, height: Int), sampling: NearestSampling, isSliced: Bool
) -> Bitmap {
    var mask = Bitmap(width: sampling.columns.count, height: sampling.rows.count)
    let side = isSliced ? slice : part
    let columns = side(box.x, box.width, canvas.width), rows = side(box.y, box.height, canvas.height)
    let inside = sampling.columns.indices.filter { columns.contains(sampling.columns[$0]) }
    for y in sampling.rows.indices where rows.contains(sampling.rows[y]) {
        for x in inside { mask[x, y] = true }
    }
    return mask
}

extension VisualGenomeObjects.Box {
    /// Whether some pixel of the canvas is in the box.
    func reaches(into canvas: (width: Int, height: Int)) -> Bool {
        !part(x, width, of: canvas.width).isEmpty && !part(y, height, of: canvas.height).isEmpty
    }
}

/// The part of a box's side that lies in 0..<length.
private func part(_ start: Int32, _ count: Int32, of length: Int) -> Range<Int> {
    (Int(start)..<Int(start) + max(0, Int(count))).clamped(to: 0..<length)
}

/// Python's `start : start + count` of `length` places: a bound below 0 counts from the far end.
private func slice(_ start: Int32, _ count: Int32, of length: Int) -> Range<Int> {
    func place(_ bound: Int) -> Int { max(0, min(length, bound < 0 ? bound + length : bound)) }
    let first = place(Int(start))
    return first..<max(first, place(Int(start) + Int(count)))
}
