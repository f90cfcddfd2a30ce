import Tensors

extension Segment {
    /// What a place holds of the image while cells of maps are computed.
    private struct Held {
        /// Outside of it the map equals the all-zero image's.
        var changed: MapCells
        /// Inside of it the place holds the map; elsewhere it holds anything.
        var valid: MapCells
    }

    /// The cells of an image that are worth to be followed one by one: where they are few of the rectangle around them.
    func scatteredCells(_ image: BlockedMaps, in region: MapRegion) -> MapCells? {
        // Squares of more than a pixel reach beyond a rectangle of pixels, which is right next to the image alone.
        guard images == 1, readsImage, input.width <= 256,
            steps.allSatisfy({ $0.from == .input || $0.operation.shape.outputWidth <= 64 })
        else { return nil }
        let cells = MapCells(
            nonzero: image.address, planes: input.channels, in: region, height: input.height, width: input.width)
        return 2 * cells.count <= MapCells(region, height: input.height, width: input.width).count ? cells : nil
    }

    /// `run` of one image that is zero outside of `cells`, with the same bits.
    ///
    /// Of the rectangles that `run` computes, this computes what a cell reaches: Winograd's tiles as a whole, for all of
    /// their numbers are rounded anew. The rest would come out as the all-zero image's, and is taken from there.
    func run(
        _ cells: MapCells, input: BlockedMaps, output: BlockedMaps, slots: UnsafeMutablePointer<Float>,
        states: UnsafeMutablePointer<MapState>, scratch: UnsafeMutablePointer<Float>
    ) {
        let whole = MapRegion(height: cells.height, width: cells.width)
        var held: [Int: Held] = [
            Place.input.index: Held(
                changed: cells, valid: MapCells(whole, height: cells.height, width: cells.width))
        ]
        for step in steps {
            let shape = step.operation.shape, boxes = boxes(step, image: 0, .skipped, states)
            states[step.to.index] = MapState(changed: boxes.changed, valid: boxes.computed)
            guard let source = held[step.from.index] else { continue }
            let from = maps(step.from, shape.height, shape.width, input, output, slots, images: 1)
            let to = maps(step.to, shape.outputHeight, shape.outputWidth, input, output, slots, images: 1)
            var reached = source.changed.outputs(of: shape), addend: BlockedMaps?
            if let place = step.operation.addend, let other = held[place.index] {
                reached = reached.union(other.changed)
            }
            if !step.operation.isByRows { reached = reached.tiles }
            reached = reached.intersection(
                MapCells(boxes.computed, height: shape.outputHeight, width: shape.outputWidth))
            if let place = step.operation.addend {
                let own = maps(place, shape.outputHeight, shape.outputWidth, input, output, slots, images: 1)
                extend(&held[place.index], to: reached, of: step.addendSource, own)
                addend = own
            }
            extend(&held[step.from.index], to: reached.inputs(of: shape), of: step.source, from)
            reached.regions.withUnsafeBufferPointer { regions in
                if regions.isEmpty { return }
                apply(
                    Work(step: step, from: from, to: to, addend: addend, regions: regions, areOfOneImage: true),
                    scratch: scratch)
            }
            held[step.to.index] = Held(changed: reached, valid: reached)
        }
        // What reads the output next counts on the whole rectangle.
        let all = MapCells(states[Place.output.index].valid, height: self.output.height, width: self.output.width)
        extend(&held[Place.output.index], to: all, of: steps.count - 1, output)
    }

    private func extend(_ held: inout Held?, to cells: MapCells, of step: Int, _ target: BlockedMaps) {
        guard let valid = held?.valid else { return }
        zeroMaps.copy(cells.subtracting(valid), of: step, to: target)
        held?.valid = valid.union(cells)
    }
}
