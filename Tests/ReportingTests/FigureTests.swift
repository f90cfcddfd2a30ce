import Foundation
#if canImport(FoundationXML)
    import FoundationXML
#endif
import Imaging
import Reporting
import Testing

@Suite struct FigureTests {
    @Test func heatMapDimsOutlinesAndKeeps() {
        let image = RGBImage(width: 12, height: 12, pixels: [UInt8](repeating: 90, count: 12 * 12 * 3))
        var region = Bitmap(width: 12, height: 12)
        for y in 0..<12 { for x in 0..<6 { region[x, y] = true } }
        let map = image.heatMap(of: region)
        func pixel(_ x: Int, _ y: Int) -> [UInt8] { Array(map.pixels[(y * 12 + x) * 3..<(y * 12 + x) * 3 + 3]) }
        #expect(pixel(0, 0) == [90, 90, 90] && pixel(3, 11) == [90, 90, 90])
        #expect(pixel(5, 5) == [90, 90, 90] && pixel(6, 5) == [255, 214, 0] && pixel(7, 5) == [255, 214, 0])
        #expect(pixel(8, 5) == [45, 45, 45] && pixel(11, 0) == [45, 45, 45])
    }

    @Test func gridPutsPicturesInRows() {
        let images = (1...3).map { RGBImage(width: 2, height: 1, pixels: [UInt8](repeating: UInt8($0), count: 6)) }
        let grid = RGBImage.grid(images, columns: 2, gap: 1)
        #expect(grid.width == 5 && grid.height == 3)
        #expect(
            stride(from: 0, to: grid.pixels.count, by: 3).map { grid.pixels[$0] } == [
                1, 1, 255, 2, 2, 255, 255, 255, 255, 255, 3, 3, 255, 255, 255,
            ])
    }

    static let training = TrainingTable(
        rows: (1...10).map { epoch in
            let loss = 90 - Double(epoch)
            return TrainingRow(
                epoch: epoch, trainLoss: loss, validLoss: loss + 2,
                trainHits: [0.1, 0.2, 0.3, 0.4].map { $0 * Double(epoch) / 5 },
                validHits: [0.1, 0.2, 0.3, 0.4])
        })

    @Test(arguments: [
        training.lossPlot, training.hitPlot, CollectedTable(.paperFigure7, from: []).plot,
        LinePlot(title: "<&\">", xTitle: "", yTitle: "", series: []),
        LinePlot(title: "one", xTitle: "", yTitle: "", series: [.init(name: "a", points: [.init(x: 1, y: 0)])]),
    ])
    func plotsAreWellFormedAndInside(plot: LinePlot) throws {
        let checker = SVGChecker()
        let parser = XMLParser(data: Data(plot.svg.utf8))
        parser.delegate = checker
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(checker.lines == plot.series.count)
        #expect(checker.outside.isEmpty)
    }

    @Test func plotHasRoundTicks() {
        let svg = Self.training.lossPlot.svg
        for tick in [">80<", ">86<", ">92<"] { #expect(svg.contains(tick), "\(tick)") }
    }
}

/// Counts polylines and finds points that lie outside the picture.
private final class SVGChecker: NSObject, XMLParserDelegate {
    var lines = 0
    var outside: [String] = []

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        if name == "polyline" { lines += 1 }
        for key in ["x", "x1", "x2", "cx"] { check(attributes[key], 640) }
        for key in ["y", "y1", "y2", "cy"] { check(attributes[key], 360) }
    }

    private func check(_ text: String?, _ limit: Double) {
        guard let text else { return }
        if let number = Double(text), number >= 0, number <= limit { return }
        outside.append(text)
    }
}
