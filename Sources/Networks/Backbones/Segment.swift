import Tensors

/// Consecutive blocks packed for this processor, run over several images at once.
///
/// Where an image is zero as far as a receptive field reaches, every map has the value of the all-zero image's map. A
/// run computes the rest alone, and takes from the all-zero image's maps what it needs around that.
struct Segment: Sendable {
    /// Where a step finds or leaves maps.
    enum Place: Sendable, Equatable {
        case input, output, slot(Int)

        var index: Int {
            switch self {
            case .input: 0
            case .output: 1
            case .slot(let slot): 2 + slot
            }
        }
    }

    enum Operation: Sendable {
        case convolution(PackedConvolution, addend: Place?, rectifying: Bool)
        case maxPool(ConvolutionShape)

        var shape: ConvolutionShape {
            switch self {
            case .convolution(let convolution, _, _): convolution.shape
            case .maxPool(let shape): shape
            }
        }

        var addend: Place? {
            if case .convolution(_, let place, _) = self { place } else { nil }
        }

        /// Whether rows cost the same one by one; Winograd's do not.
        var isByRows: Bool {
            if case .convolution(let convolution, _, _) = self { convolution.algorithm != .winograd } else { true }
        }
    }

    struct Step: Sendable {
        let operation: Operation
        let from: Place, to: Place
        /// The steps whose outputs `from` and the addend are; -1 for the segment's input.
        let source: Int, addendSource: Int
    }

    /// Images that pass together.
    let images: Int
    let input: FeatureShape, output: FeatureShape
    let instructions: InstructionSet
    /// The maps of the all-zero image: the segment's input, then each step's output.
    private(set) var zeroMaps = ZeroMaps { [] }
    private(set) var steps: [Step] = []
    /// Whether its input is the image itself.
    let readsImage: Bool
    /// By `bandRows`.
    private var bands: [Int?] = []
    /// Floats of a step's output that the next one takes at a time, and the pixels that make it worth to read the
    /// weights again.
    private static let bandFloats = 65_536, bandPixels = 112
    private var freeSlots: [Int] = []
    /// Slots that the last step read: the next one's output must not overwrite them, for it may begin before the last
    /// is done.
    private var releasedSlots: [Int] = []
    private var slots = 0
    private var slotCount = 0
    /// The step whose output a place holds, while steps are added.
    private var producers = [0: -1]
    /// Floats of scratch space that the steps need.
    private(set) var scratchCount = 0

    /// - Parameters:
    ///   - before: the segment that gives this one its input; nil for the image itself.
    ///   - layers: `blocks.flatMap(\.convolutions)` with their parameters.
    init(
        images: Int, input: FeatureShape, after before: Segment?, blocks: [Block], layers: [FoldedConvolution],
        instructions: InstructionSet
    ) {
        self.images = images
        self.input = input
        self.instructions = instructions
        readsImage = before == nil
        output = blocks.reduce(input) { $1.outputShape($0) }
        var remaining = layers[...]
        var shape = input
        var place = Place.input
        for (index, block) in blocks.enumerated() {
            let last = index == blocks.count - 1
            switch block {
            case .convolution:
                place = convolve(
                    remaining.removeFirst(), shape, from: place, to: last ? .output : nil, rectifying: true)
            case .maxPool(let kernel, let stride, let padding):
                place = pool(
                    shape, kernel: kernel, stride: stride, padding: padding, from: place, to: last ? .output : nil)
            case .residual(let main, let shortcut):
                let convolutions = remaining.prefix(main.count)
                remaining = remaining.dropFirst(main.count)
                place = addResidual(
                    convolutions, shortcut: shortcut == nil ? nil : remaining.removeFirst(), shape, from: place,
                    last: last)
            }
            shape = block.outputShape(shape)
        }
        bands = steps.indices.map(bandRows)
        zeroMaps = ZeroMaps { [self] in passZeros(before?.zeroMaps.maps.last ?? ZeroMap(image: input)) }
    }

    /// Floats of all slots together.
    var slotsCount: Int { slots * slotCount }

    /// Places that a run keeps a `MapState` of, for each of `images` images: the input, the output, the slots.
    var placeCount: Int { 2 + slots }

    /// Runs on the calling thread.
    /// - Parameters:
    ///   - images: at most `self.images`.
    ///   - slots: `slotsCount` floats.
    ///   - states: `placeCount · images`, those of the input given, those of the output left behind.
    ///   - scratch: `scratchCount` floats.
    func run(
        images: Int, zeroPixels: ZeroPixels, input: BlockedMaps, output: BlockedMaps,
        slots: UnsafeMutablePointer<Float>,
        states: UnsafeMutablePointer<MapState>, scratch: UnsafeMutablePointer<Float>
    ) {
        if zeroPixels == .skipped, let cells = scatteredCells(input, in: states[0].changed) {
            return run(cells, input: input, output: output, slots: slots, states: states, scratch: scratch)
        }
        func maps(_ place: Place, _ height: Int, _ width: Int) -> BlockedMaps {
            self.maps(place, height, width, input, output, slots, images: images)
        }
        func work(_ step: Step, _ regions: UnsafeMutableBufferPointer<MapRegion>) -> Work {
            let shape = step.operation.shape
            let from = maps(step.from, shape.height, shape.width),
                to = maps(step.to, shape.outputHeight, shape.outputWidth)
            var addend: BlockedMaps?
            if case .convolution(_, let place?, _) = step.operation {
                addend = maps(place, shape.outputHeight, shape.outputWidth)
            }
            for image in 0..<images {
                regions[image] = prepare(step, image, zeroPixels, from: from, addend: addend, states)
            }
            return Work(step: step, from: from, to: to, addend: addend, regions: UnsafeBufferPointer(regions))
        }
        withUnsafeTemporaryAllocation(of: MapRegion.self, capacity: 2 * images) { regions in
            regions.initialize(repeating: .empty)
            let own = UnsafeMutableBufferPointer(rebasing: regions[..<images]),
                next = UnsafeMutableBufferPointer(rebasing: regions[images...])
            var index = 0
            while index < steps.count {
                let first = work(steps[index], own)
                if let rows = bands[index] {
                    let second = work(steps[index + 1], next)
                    for image in 0..<images {
                        apply(first.of(image), then: second.of(image), rows: rows, scratch: scratch)
                    }
                    index += 2
                } else {
                    apply(first, scratch: scratch)
                    index += 1
                }
            }
        }
    }

    /// The maps of a place, which may be the input or the output.
    func maps(
        _ place: Place, _ height: Int, _ width: Int, _ input: BlockedMaps, _ output: BlockedMaps,
        _ slots: UnsafeMutablePointer<Float>, images: Int
    ) -> BlockedMaps {
        switch place {
        case .input: input
        case .output: output
        case .slot(let index):
            BlockedMaps(slots + index * slotCount, plane: BlockedMaps.plane(pixels: images * height * width))
        }
    }

    /// What of a step's output differs from the all-zero image's, and what is computed, for an image.
    func boxes(
        _ step: Step, image: Int, _ zeroPixels: ZeroPixels, _ states: UnsafeMutablePointer<MapState>
    ) -> (changed: MapRegion, computed: MapRegion) {
        let changed = step.operation.shape.outputs(touching: states[step.from.index * images + image].changed)
        guard case .convolution(let convolution, let addend, _) = step.operation else { return (changed, changed) }
        let joined = addend.map { changed.union(states[$0.index * images + image].changed) } ?? changed
        let computed = convolution.computed(for: joined)
        return (zeroPixels == .skippedBitForBit ? computed : joined, computed)
    }

    /// What of a step's output is to be computed for an image, and its inputs there.
    private func prepare(
        _ step: Step, _ image: Int, _ zeroPixels: ZeroPixels, from: BlockedMaps, addend addendMaps: BlockedMaps?,
        _ states: UnsafeMutablePointer<MapState>
    ) -> MapRegion {
        let shape = step.operation.shape, source = step.from.index * images + image
        let (changed, computed) = boxes(step, image: image, zeroPixels, states)
        if let addend = step.operation.addend, let addendMaps {
            zeroMaps.extend(
                &states[addend.index * images + image], to: computed, of: step.addendSource,
                addendMaps.advanced(pixels: image * shape.outputHeight * shape.outputWidth))
        }
        zeroMaps.extend(
            &states[source], to: shape.inputs(of: computed), of: step.source,
            from.advanced(pixels: image * shape.height * shape.width))
        states[step.to.index * images + image] = MapState(changed: changed, valid: computed)
        return computed
    }

    /// A step applied to some images.
    struct Work {
        let step: Step
        let from: BlockedMaps, to: BlockedMaps, addend: BlockedMaps?
        /// For each image, what is computed of its output.
        let regions: UnsafeBufferPointer<MapRegion>
        /// Whether they are all of one image.
        var areOfOneImage = false

        func of(_ image: Int) -> Work {
            let shape = step.operation.shape, place = image * shape.outputHeight * shape.outputWidth
            return Work(
                step: step, from: from.advanced(pixels: image * shape.height * shape.width),
                to: to.advanced(pixels: place),
                addend: addend?.advanced(pixels: place),
                regions: UnsafeBufferPointer(rebasing: regions[image..<image + 1]))
        }
    }

    /// Two steps of one image in turn, `rows` rows of the second at a time.
    private func apply(_ first: Work, then second: Work, rows: Int, scratch: UnsafeMutablePointer<Float>) {
        let whole = first.regions[0]
        var done = whole.top
        func computeFirst(to bottom: Int) {
            if bottom > done { apply(first, rows: done..<bottom, scratch: scratch) }
            done = max(done, bottom)
        }
        let region = second.regions[0]
        for top in stride(from: region.top, to: region.bottom, by: rows) {
            let bottom = min(top + rows, region.bottom)
            let needed = MapRegion(top: top, left: region.left, bottom: bottom, right: region.right)
            computeFirst(to: min(second.step.operation.shape.inputs(of: needed).bottom, whole.bottom))
            apply(second, rows: top..<bottom, scratch: scratch)
        }
        computeFirst(to: whole.bottom)
    }

    /// Some rows of one image.
    private func apply(_ work: Work, rows: Range<Int>, scratch: UnsafeMutablePointer<Float>) {
        var region = work.regions[0]
        (region.top, region.bottom) = (rows.lowerBound, rows.upperBound)
        withUnsafePointer(to: region) { region in
            apply(
                Work(
                    step: work.step, from: work.from, to: work.to, addend: work.addend,
                    regions: UnsafeBufferPointer(start: region, count: 1)),
                scratch: scratch)
        }
    }

    /// For each step, how many rows the next one is to take from it at a time: where that keeps in the caches what it
    /// reads.
    private func bandRows(_ index: Int) -> Int? {
        guard index + 1 < steps.count else { return nil }
        let step = steps[index], next = steps[index + 1]
        guard step.operation.isByRows, next.operation.isByRows, next.from == step.to, next.to != step.from,
            next.to != step.operation.addend,
            next.operation.addend == nil
        else { return nil }
        let shape = step.operation.shape, row = shape.outputs * shape.outputWidth
        let rows = Self.bandFloats / row / next.operation.shape.stride
        return rows * next.operation.shape.outputWidth >= Self.bandPixels ? rows : nil
    }

    /// Makes one image's output whole.
    func completeOutput(_ state: inout MapState, _ maps: BlockedMaps) {
        zeroMaps.extend(&state, to: MapRegion(height: output.height, width: output.width), of: steps.count - 1, maps)
    }

    func apply(_ work: Work, scratch: UnsafeMutablePointer<Float>) {
        switch work.step.operation {
        case .convolution(let convolution, _, let rectifying):
            convolution.apply(
                input: work.from, output: work.to, addend: work.addend, rectifying: rectifying, regions: work.regions,
                areOfOneImage: work.areOfOneImage, scratch: scratch)
        case .maxPool(let shape):
            work.from.maxPool(
                shape, into: work.to, regions: work.regions, areOfOneImage: work.areOfOneImage,
                instructions: instructions)
        }
    }

    /// The maps of the all-zero image.
    private func passZeros(_ input: ZeroMap) -> [ZeroMap] {
        let scratch = FloatStorage(count: scratchCount)
        var filled = [input]
        for step in steps {
            let shape = step.operation.shape
            let output = ZeroMap(channels: shape.outputs, height: shape.outputHeight, width: shape.outputWidth)
            var addend: BlockedMaps?
            if case .convolution(_, .some, _) = step.operation { addend = filled[step.addendSource + 1].maps }
            withUnsafePointer(to: MapRegion(height: shape.outputHeight, width: shape.outputWidth)) { region in
                apply(
                    Work(
                        step: step, from: filled[step.source + 1].maps, to: output.maps, addend: addend,
                        regions: UnsafeBufferPointer(start: region, count: 1)),
                    scratch: scratch.address)
            }
            filled.append(output)
        }
        return filled
    }

    /// `ReLU(main(x) + shortcut(x))`. An identity's sum takes the place of `x`, which is not needed any more.
    private mutating func addResidual(
        _ main: ArraySlice<FoldedConvolution>, shortcut: FoldedConvolution?, _ input: FeatureShape, from: Place,
        last: Bool
    ) -> Place {
        var addend = from
        var target = last ? Place.output : from
        if let shortcut {
            addend = convolve(shortcut, input, from: from, to: last ? .output : nil, rectifying: false, keeping: from)
            target = addend
        }
        var place = from
        var shape = input
        for layer in main.dropLast() {
            place = convolve(layer, shape, from: place, to: nil, rectifying: true, keeping: from)
            shape = layer.convolution.outputShape(shape)
        }
        for layer in main.suffix(1) {
            place = convolve(layer, shape, from: place, to: target, addend: addend, rectifying: true, keeping: from)
        }
        if from != target { release(from) }
        return place
    }

    /// Appends a convolution to a place, a free slot by default, and releases `from` unless it is `keeping`.
    private mutating func convolve(
        _ layer: FoldedConvolution, _ input: FeatureShape, from: Place, to: Place?, addend: Place? = nil,
        rectifying: Bool,
        keeping: Place? = nil
    ) -> Place {
        let convolution = layer.convolution
        let shape = convolution.shape(on: input)
        let packed = PackedConvolution(
            shape, .fastest(for: shape), weights: layer.weights, bias: layer.bias, instructions: instructions)
        scratchCount = max(scratchCount, packed.scratchCount(images: images))
        let target = to ?? reserve(convolution.outputShape(input))
        append(.convolution(packed, addend: addend, rectifying: rectifying), from: from, to: target, addend: addend)
        if from != keeping { release(from) }
        return target
    }

    private mutating func pool(_ input: FeatureShape, kernel: Int, stride: Int, padding: Int, from: Place, to: Place?)
        -> Place
    {
        let shape = ConvolutionShape(
            inputs: input.channels, outputs: input.channels, kernel: kernel, stride: stride, padding: padding,
            height: input.height, width: input.width)
        let target =
            to ?? reserve(FeatureShape(channels: input.channels, height: shape.outputHeight, width: shape.outputWidth))
        append(.maxPool(shape), from: from, to: target)
        release(from)
        return target
    }

    private mutating func append(_ operation: Operation, from: Place, to: Place, addend: Place? = nil) {
        let source = producers[from.index] ?? -1, addendSource = addend.flatMap { producers[$0.index] } ?? -1
        steps.append(Step(operation: operation, from: from, to: to, source: source, addendSource: addendSource))
        producers[to.index] = steps.count - 1
        freeSlots += releasedSlots
        releasedSlots = []
    }

    private mutating func reserve(_ shape: FeatureShape) -> Place {
        slotCount = max(slotCount, shape.channels * BlockedMaps.plane(pixels: images * shape.height * shape.width))
        if let free = freeSlots.popLast() { return .slot(free) }
        slots += 1
        return .slot(slots - 1)
    }

    private mutating func release(_ place: Place) {
        if case .slot(let index) = place { releasedSlots.append(index) }
    }
}
