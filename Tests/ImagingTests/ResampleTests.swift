import Imaging
import Testing

@Suite struct ResampleTests {
    @Test(arguments: goldens("resize")) func resizesAsPillow(_ golden: [String]) throws {
        let n = golden[1...4].map { Int($0)! }, box = golden[5...8].map { Double($0)! }
        let image = noiseImage(n[0], n[1])
        let corners = (x0: box[0], y0: box[1], x1: box[2], y1: box[3])
        #expect(fnv(image.resized(width: n[2], height: n[3], box: corners).pixels) == golden[9])
        #expect(
            fnv(
                image.resampled(width: n[2], height: n[3], box: corners, window: (0, 0, n[2], n[3]), plain: true).pixels
            ) == golden[9])
        if box == [0, 0, Double(n[0]), Double(n[1])] {
            #expect(fnv(image.resized(width: n[2], height: n[3]).pixels) == golden[9])
        }
    }

    @Test(arguments: goldens("crop")) func cropsAsPillow(_ golden: [String]) throws {
        let image = noiseImage(Int(golden[1])!, Int(golden[2])!)
        #expect(fnv(image.centreCrop().pixels) == golden[3])
    }

    /// Other sizes and the other interpolation, as Pillow makes them for torchvision's networks.
    @Test(arguments: goldens("view")) func viewsAsPillow(_ golden: [String]) throws {
        let n = [1, 2, 4, 5].map { Int(golden[$0])! }, filter = try #require(CropRule.Filter(rawValue: golden[3]))
        let rule = CropRule(shorterSide: n[2], side: n[3], filter: filter)
        #expect(fnv(noiseImage(n[0], n[1]).centreCrop(rule).pixels) == golden[6])
    }

    @Test func goldensAreThere() {
        #expect(goldens("view").count == 140 && goldens("view").count { $0[3] == "bicubic" } == 70)
        #expect(goldens("resize").count == 48 && goldens("crop").count == 17)
        #expect(goldens("nearest").count == 30 && goldens("maskcrop").count == 8)
    }

    /// The vectorised loops give the bits of the plain ones, in every window and at every alignment.
    @Test func vectorisedEqualsPlain() {
        for (w, h, W, H) in [
            (640, 480, 341, 256), (427, 640, 256, 383), (333, 500, 256, 384), (37, 300, 256, 2075), (9, 9, 300, 300),
            (1000, 31, 8258, 256),
        ] {
            let image = noiseImage(w, h)
            for (x, y, c, r) in [
                (0, 0, W, min(H, 300)), (W / 3, H / 5, min(224, W - W / 3), min(224, H - H / 5)), (W - 1, H - 1, 1, 1),
                (1, 0, min(17, W - 1), 3),
            ] {
                let fast = image.resampled(width: W, height: H, box: nil, window: (x, y, c, r), plain: false)
                #expect(fast == image.resampled(width: W, height: H, box: nil, window: (x, y, c, r), plain: true))
            }
        }
    }

    /// Only the crop is computed: the whole resized image would be 256×15,360,000.
    @Test func cropsAVeryLongImage() {
        let image = noiseImage(1, 60_000)
        let crop = image.centreCrop()
        // One source column: every column of the crop is the same, and rows are between their neighbours of the source.
        #expect(crop.cropped(x: 0, y: 0, width: 1, height: 224) == crop.cropped(x: 223, y: 0, width: 1, height: 224))
        #expect(CropGeometry(width: 1, height: 60_000).resizedHeight == 15_360_000)
        // 224 rows of the crop see at most three source pixels about the middle, 30,000.
        let near = image.pixels[29_998 * 3..<30_002 * 3]
        #expect(crop.pixels.allSatisfy { $0 >= near.min()! && $0 <= near.max()! })
    }

    @Test func cropOffsetRoundsHalvesToEven() {
        // 341 − 224 = 117: half of it is 58.5, and 58 is even; 343 − 224 = 119: 59.5 goes to 60.
        #expect(CropGeometry(width: 640, height: 480).x == 58)
        #expect(CropGeometry(width: 343, height: 256).x == 60)
        #expect(
            CropGeometry(width: 256, height: 256).x == 16 && CropGeometry(width: 256, height: 256).resizedWidth == 256)
    }

    @Test func mirrorsAndCrops() {
        let image = RGBImage(width: 3, height: 1, pixels: [1, 2, 3, 4, 5, 6, 7, 8, 9])
        #expect(image.mirrored().pixels == [7, 8, 9, 4, 5, 6, 1, 2, 3])
        #expect(image.cropped(x: 1, y: 0, width: 2, height: 1).pixels == [4, 5, 6, 7, 8, 9])
    }
}
