import Imaging

/// A box clipped to a canvas (the image's size, but for the deviation `transposedBoxMask`), seen through a sampling.
func boxMask(_ box: VisualGenomeObjects.Box, on canvas: (width: Int, height: Int), sampling: NearestSampling) -> Bitmap {
    var mask = Bitmap(width: sampling.columns.count, height: sampling.rows.count)
    let columns = side(box.x, box.width, of: canvas.width), rows = side(box.y, box.height, of: canvas.height)
    let inside = sampling.columns.indices.filter { columns.contains(sampling.columns[$0]) }
    for y in sampling.rows.indices where rows.contains(sampling.rows[y]) {
        for x in inside { mask[x, y] = true }
    }
    return mask
}

/// The part of a box's side that lies in 0..<length.
private func side(_ start: Int32, _ count: Int32, of length: Int) -> Range<Int> {
    (Int(start)..<Int(start) + max(0, Int(count))).clamped(to: 0..<length)
}
