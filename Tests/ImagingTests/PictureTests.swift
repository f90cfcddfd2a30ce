import Foundation
import Imaging
import Testing

/// Pictures of every kind, by content and not by name; what Pillow makes of them is in pictures.txt (make_pictures.py).
@Suite struct PictureTests {
    private func path(_ name: String) -> String { fixture("pictures/" + name) }

    @Test(arguments: goldens("picture", in: "pictures.txt")) func decodesAsPillow(_ golden: [String]) throws {
        let image = try decodeImage(path(golden[1]))
        #expect([String(image.width), String(image.height), fnv(image.pixels)] == Array(golden[2...]), "\(golden[1])")
    }

    @Test(arguments: goldens("refused", in: "pictures.txt")) func refusesWhatPillowRefuses(_ golden: [String]) {
        let path = path(golden[1])
        let error = #expect(throws: ImagingError.self) { try decodeImage(path) }
        #expect(error?.description.hasPrefix(path + ": ") == true)
        switch error {
        case .truncated: #expect(golden[1].hasPrefix("cut") || golden[1].hasPrefix("header"), "\(golden[1])")
        case .tooLarge: #expect(golden[1].hasPrefix("bomb"), "\(golden[1])")
        case .undecodable:
            #expect(
                ["complex.tif", "damaged.png", "page.jpg", "pointer.png", "zeros.jpg"].contains(golden[1]),
                "\(golden[1])")
        default: Issue.record("unexpected \(String(describing: error))")
        }
    }

    @Test func goldensAreThere() {
        #expect(goldens("picture", in: "pictures.txt").count == 172)
        #expect(
            goldens("refused", in: "pictures.txt").count == 21 && goldens("upright", in: "pictures.txt").count == 19)
    }

    /// As viewers show it; datasets take the pixels as they lie.
    @Test(arguments: goldens("upright", in: "pictures.txt")) func standsUprightAsInPillow(_ golden: [String]) throws {
        let image = try decodeUprightImage(path(golden[1]))
        #expect([String(image.width), String(image.height), fnv(image.pixels)] == Array(golden[2...]), "\(golden[1])")
    }

    @Test(arguments: [
        ("page.jpg", "web page"), ("pointer.png", "git lfs pull"), ("zeros.jpg", "nothing but zeros"),
        ("header.gif", "fetch it again"),
    ])
    func errorsSayWhatTheFileIs(_ name: String, _ text: String) {
        let error = #expect(throws: ImagingError.self) { try decodeImage(path(name)) }
        #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("", "the file is empty"), ("\0\0\0\u{18}ftypheic", "an HEIC or AVIF picture"), ("%PDF-1.4", "a PDF document"),
        ("\n<svg>", "a web page or SVG"), ("P6 1 1 255 abc", "JPEG, PNG, GIF, WebP, BMP and TIFF are read"),
    ])
    func otherKindsAreNamed(_ content: String, _ text: String) {
        let error = #expect(throws: ImagingError.self) {
            try Array(content.utf8).withUnsafeBytes { try decodeImage(bytes: $0, name: "a.jpg") }
        }
        #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }

    /// Pillow's error, not its warning: 178,956,970 pixels are read, one row more is not.
    @Test func theLimitIsPillowsError() {
        func bitmap(height: Int32) -> [UInt8] {
            func bytes(_ value: Int32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
            return Array("BM".utf8) + bytes(0) + bytes(0) + bytes(54) + bytes(40) + bytes(10) + bytes(height) + [
                1, 0, 24, 0,
            ]
                + [UInt8](repeating: 0, count: 24)
        }
        func refusal(_ height: Int32) -> ImagingError? {
            #expect(throws: ImagingError.self) {
                try bitmap(height: height).withUnsafeBytes { try decodeImage(bytes: $0, name: "limit") }
            }
        }
        #expect(refusal(17_895_697) == .truncated(file: "limit"))
        #expect(
            refusal(17_895_698)
                == .tooLarge(file: "limit", reason: "10x17895698 pixels (the limit is 178956970 pixels)"))
    }
}
