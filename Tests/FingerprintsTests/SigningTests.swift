import Fingerprints
import Foundation
import Testing

@Suite struct SigningTests {
    /// RFC 8032, section 7.1, test 3, its key as PKCS #8.
    @Test func theRFCsVector() throws {
        let seed = hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
        let pem =
            "-----BEGIN PRIVATE KEY-----\n" + Data(hex("302e020100300506032b657004220420") + seed).base64EncodedString()
            + "\n-----END PRIVATE KEY-----\n"
        let key = try #require(SigningKey(pem: pem))
        #expect(
            "\(key.publicKey)" == "ed25519:"
                + Data(hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")).base64EncodedString())
        let signature = key.sign([0xaf, 0x82])
        #expect(
            signature
                == hex(
                    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
                ))
        #expect(key.publicKey.verifies(signature, of: [0xaf, 0x82]))
        #expect(key.pem == pem)
    }

    @Test func everyOtherBitIsRefused() {
        let key = SigningKey(), message = Array("what was made".utf8), signature = key.sign(message)
        for bit in 0..<512 {
            var other = signature
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.publicKey.verifies(other, of: message))
        }
        #expect(!key.publicKey.verifies(signature, of: message + [0]) && !key.publicKey.verifies([], of: message))
        #expect(!SigningKey().publicKey.verifies(signature, of: message))
    }

    @Test func keysAsText() {
        let key = SigningKey()
        #expect(PublicKey("\(key.publicKey)") == key.publicKey)
        #expect(SigningKey(pem: key.pem)?.publicKey == key.publicKey)
        let text = "\(key.publicKey)"
        for wrong in [
            String(text.dropLast()), text + "=", text.replacingOccurrences(of: "ed25519:", with: ""), "ed25519:",
            "ed25519:" + String(repeating: "*", count: 44), text + "\n",
        ] {
            #expect(PublicKey(wrong) == nil, "\(wrong)")
        }
        for wrong in [
            "", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
            key.pem.replacingOccurrences(of: "PRIVATE", with: "ENCRYPTED PRIVATE"), String(key.pem.dropFirst(30)),
        ] {
            #expect(SigningKey(pem: wrong) == nil, "\(wrong)")
        }
    }

    /// RFC 4231, test case 2; and a key longer than a block, test case 6.
    @Test func hmac() {
        #expect(
            hmacSHA256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
                == hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
        #expect(
            hmacSHA256(
                key: [UInt8](repeating: 0xaa, count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
                == hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"))
    }

    private func hex(_ text: String) -> [UInt8] {
        stride(from: 0, to: text.count, by: 2).map { UInt8(text.dropFirst($0).prefix(2), radix: 16) ?? 0 }
    }
}
