import Datasets
import Imaging
import Testing

@Suite struct CropViewTests {
    /// Rectangles lie in the image; area and aspect ratio are torchvision's, up to rounding of the sides.
    @Test func viewsAreWithinTheRules() {
        var areas: [Double] = [], mirrored = 0
        for id in 0..<400 {
            let view = CropView(seed: 1, imageID: Int64(id), view: 0, width: 640, height: 427)
            #expect(view.x >= 0 && view.y >= 0 && view.x + view.width <= 640 && view.y + view.height <= 427)
            let w = Double(view.width), h = Double(view.height)
            areas.append(w * h / (640 * 427))
            #expect((w + 1) / (h - 1) > 0.75 && (w - 1) / (h + 1) < 4.0 / 3)
            mirrored += view.mirrored ? 1 : 0
        }
        #expect(areas.min()! > 0.075 && areas.min()! < 0.15 && areas.max()! < 1 && areas.max()! > 0.8)
        #expect((150...250).contains(mirrored))
    }

    @Test func aViewIsItsSeedsImagesAndNumbers() {
        func view(_ seed: UInt64, _ id: Int64, _ number: Int) -> CropView {
            CropView(seed: seed, imageID: id, view: number, width: 500, height: 375)
        }
        #expect(view(1, 2, 3) == view(1, 2, 3))
        #expect(view(1, 2, 3) != view(2, 2, 3) && view(1, 2, 3) != view(1, 3, 3) && view(1, 2, 3) != view(1, 2, 4))
        #expect(view(1, 12, 3) != view(1, 1, 23))
    }

    /// Three times as wide as high: about 27 % of all rectangles fit, so that ten tries fail in 4 %, and one in 73 %.
    @Test func tenRectanglesAreTried() {
        let views = (0..<100).map { CropView(seed: 0, imageID: 1, view: $0, width: 300, height: 100) }
        let central = views.count { [$0.x, $0.y, $0.width, $0.height] == [83, 0, 133, 100] }
        #expect(central < 20, "\(central)")
    }

    /// No rectangle of allowed shape and of 8 % of the area fits a strip: the central crop of the nearest shape.
    @Test func thinImagesGetTheCentralCrop() {
        let wide = CropView(seed: 0, imageID: 1, view: 0, width: 3000, height: 10)
        #expect([wide.x, wide.y, wide.width, wide.height] == [1493, 0, 13, 10])
        let tall = CropView(seed: 0, imageID: 1, view: 0, width: 9, height: 3000)
        #expect([tall.x, tall.y, tall.width, tall.height] == [0, 1494, 9, 12])
        let pixel = CropView(seed: 0, imageID: 1, view: 0, width: 1, height: 1)
        #expect([pixel.x, pixel.y, pixel.width, pixel.height] == [0, 0, 1, 1])
    }

    /// Image and mask move together: a white rectangle's pixels stay where its mask is.
    @Test func maskFollowsTheImage() throws {
        let w = 64, h = 48
        var pixels = [UInt8](repeating: 0, count: w * h * 3), whole = Bitmap(width: w, height: h)
        for y in 10..<30 {
            for x in 5..<40 { whole[x, y] = true; for c in 0..<3 { pixels[(y * w + x) * 3 + c] = 255 } }
        }
        let image = RGBImage(width: w, height: h, pixels: pixels)
        for number in 0..<20 {
            let view = CropView(seed: 9, imageID: 4, view: number, width: w, height: h)
            let seen = image.crop(view), mask = whole.sampled(view.sampling)
            #expect(seen.width == 224 && mask.width == 224 && mask.height == 224)
            var wrong = 0
            for y in 0..<224 {
                for x in 0..<224 where (seen.pixels[(y * 224 + x) * 3] > 127) != mask[x, y] { wrong += 1 }
            }
            // Bilinear and nearest differ by a part of a source pixel at the border only.
            #expect(wrong < 224 * 4 * 224 / min(view.width, view.height) / 2)
        }
    }

    @Test func mirroredViewByHand() {
        let image = RGBImage(width: 4, height: 2, pixels: (0..<8).flatMap { [UInt8($0 * 30), 0, 0] })
        let plain = CropView(x: 1, y: 0, width: 2, height: 2, mirrored: false, imageWidth: 4, imageHeight: 2)
        let turned = CropView(x: 1, y: 0, width: 2, height: 2, mirrored: true, imageWidth: 4, imageHeight: 2)
        // Corners of the enlarged crop are the crop's corner pixels.
        #expect(image.crop(plain).pixels.first == 30 && image.crop(turned).pixels.first == 60)
        #expect(plain.sampling.columns.first == 1 && plain.sampling.columns.last == 2)
        #expect(turned.sampling.columns.first == 2 && turned.sampling.columns.last == 1)
    }
}
