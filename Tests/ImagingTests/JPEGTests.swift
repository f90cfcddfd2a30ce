import Foundation
import Imaging
import Testing

@Suite struct JPEGTests {
    @Test(arguments: goldens("jpeg")) func decodesAsPillow(_ golden: [String]) throws {
        let image = try decodeImage(fixture(golden[1] + ".jpg"))
        #expect(image.width == Int(golden[2]) && image.height == Int(golden[3]))
        #expect(fnv(image.pixels) == golden[4])
        #expect(fnv(image.centreCrop().pixels) == golden[5])
    }

    @Test func goldensAreThere() {
        #expect(goldens("jpeg").count == 19 && goldens("refused").count == 6)
    }

    @Test(arguments: goldens("refused")) func refusesWhatPillowRefuses(_ golden: [String]) {
        let path = fixture(golden[1] + ".jpg")
        let error = #expect(throws: ImagingError.self) { try decodeImage(path) }
        #expect(error?.description.hasPrefix(path) == true, "the error names the file")
        switch error {
        case .truncated: #expect(!["text", "empty"].contains(golden[1]))
        case .undecodable: #expect(["text", "empty"].contains(golden[1]))
        default: Issue.record("unexpected \(String(describing: error))")
        }
    }

    @Test func missingFileAndFolderAreNamed() {
        #expect(throws: ImagingError.unreadable(file: "/nowhere/a.jpg", reason: "No such file or directory")) {
            try decodeImage("/nowhere/a.jpg")
        }
        #expect(throws: ImagingError.unreadable(file: "/", reason: "not a regular file")) { try decodeImage("/") }
    }

    @Test func hugeDeclaredSizeIsRefusedUnread() throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture("landscape.jpg"))))
        let frame = try #require(bytes.indices.first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
        bytes.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        let error = #expect(throws: ImagingError.self) {
            try bytes.withUnsafeBytes { try decodeImage(bytes: $0, name: "bomb") }
        }
        #expect(error == .tooLarge(file: "bomb", reason: "65500x65500 pixels (the limit is 178956970 pixels)"))
        bytes.replaceSubrange(frame + 5..<frame + 9, with: [0x20, 0, 0x20, 0])
        let second = #expect(throws: ImagingError.self) {
            try bytes.withUnsafeBytes { try decodeImage(bytes: $0, name: "bomb") }
        }
        #expect(
            second == .tooLarge(file: "bomb", reason: "8192x8192 pixels declared in a file of \(bytes.count) bytes"))
    }

    @Test func encodedJPEGDecodesNearby() throws {
        var ramp: [UInt8] = []
        for y in 0..<50 { for x in 0..<70 { ramp += [UInt8](repeating: UInt8(40 + 2 * x + y), count: 3) } }
        let image = RGBImage(width: 70, height: 50, pixels: ramp)
        let back = try encodeJPEG(image, quality: 95).withUnsafeBytes { try decodeImage(bytes: $0, name: "round trip") }
        let worst = zip(image.pixels, back.pixels).map { abs(Int($0) - Int($1)) }.max()
        #expect(back.width == 70 && back.height == 50)
        #expect(try #require(worst) <= 6)
    }

    @Test func encoderRefusesTooWideAnImage() {
        let image = RGBImage(width: 70_000, height: 1, pixels: [UInt8](repeating: 0, count: 210_000))
        #expect(throws: ImagingError.self) { try encodeJPEG(image, quality: 90) }
    }

    @Test func pngHoldsThePixels() throws {
        let bytes = try encodePNG(noiseImage(31, 17))
        #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        // Width and height of the header chunk, then 8 bits of RGB.
        #expect(Array(bytes[16..<26]) == [0, 0, 0, 31, 0, 0, 0, 17, 8, 2])
        #expect(try encodePNG(noiseImage(31, 17)) == bytes)
    }
}
