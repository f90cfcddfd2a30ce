import Imaging

/// The union of boxes, clipped to the image, seen through a sampling of the image.
func boxMask(_ boxes: some Sequence<VisualGenomeObjects.Box>, sampling: NearestSampling) -> Bitmap {
    var mask = Bitmap(width: sampling.columns.count, height: sampling.rows.count)
    for box in boxes {
        let columns = Int(box.x)..<Int(box.x) + max(0, Int(box.width)), rows = Int(box.y)..<Int(box.y) + max(0, Int(box.height))
        let inside = sampling.columns.indices.filter { columns.contains(sampling.columns[$0]) }
        for y in sampling.rows.indices where rows.contains(sampling.rows[y]) {
            for x in inside { mask[x, y] = true }
        }
    }
    return mask
}
