import Fingerprints
import Foundation
import Remote
import Testing
import TestSupport

/// The example of Amazon's documentation: "Signature Calculations for the Authorization Header", GET Object.
@Suite struct Signature4Tests {
    @Test func theDocumentedExample() throws {
        let credentials = AWSCredentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        let request = WebRequest(
            method: .get, url: "https://examplebucket.s3.amazonaws.com/test.txt", fields: [("range", "bytes=0-9")])
        let signed = Signature4(credentials: credentials, region: "us-east-1")
            .signed(
                request, host: "examplebucket.s3.amazonaws.com", path: "/test.txt", query: [],
                body: Digest(hashing: ""), now: 1_369_353_600)
        let field = try #require(signed.fields.first { $0.name == "authorization" }?.value)
        #expect(
            field == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        )
    }

    /// The same page's GET Bucket Lifecycle: a query key without a value.
    @Test func aBareQueryKey() {
        let credentials = AWSCredentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        let request = WebRequest(method: .get, url: "https://examplebucket.s3.amazonaws.com/?lifecycle=")
        let signed = Signature4(credentials: credentials, region: "us-east-1")
            .signed(
                request, host: "examplebucket.s3.amazonaws.com", path: "/", query: [("lifecycle", "")],
                body: Digest(hashing: ""), now: 1_369_353_600)
        #expect(
            signed.fields.first { $0.name == "authorization" }?.value.hasSuffix(
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543") == true)
    }

    /// The same page's GET Bucket (List Objects), its query in another order than it is signed; and the first example
    /// without its range, with a session token: signed by Python's hmac.
    @Test func queriesAreSortedAndTokensSigned() {
        func signature(_ path: String, _ query: [(name: String, value: String)], token: String?) -> String? {
            let credentials = AWSCredentials(
                accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                sessionToken: token)
            return Signature4(credentials: credentials, region: "us-east-1")
                .signed(
                    WebRequest(method: .get, url: "https://examplebucket.s3.amazonaws.com" + path),
                    host: "examplebucket.s3.amazonaws.com", path: path, query: query, body: Digest(hashing: ""),
                    now: 1_369_353_600
                ).fields.first { $0.name == "authorization" }?.value.components(separatedBy: "Signature=").last
        }
        #expect(
            signature("/", [("prefix", "J"), ("max-keys", "2")], token: nil)
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
        #expect(
            signature("/test.txt", [], token: "AQoEXAMPLE")
                == "c460d32087aff50b25f9182b33726342e2387461c97005cad067b7fc459061ed")
    }

    /// A signing key that the group or others may read is no secret.
    @Test(arguments: [0o640, 0o604, 0o660]) func aKeyThatOthersMayReadIsRefused(permissions: Int) throws {
        let folder = try TemporaryFolder(), path = folder.path("key.pem")
        let file = try SigningKeyFile(environment: ["LAVISE_KEY": path]), key = try file.create()
        #expect(try file.read()?.publicKey == key.publicKey)
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
        #expect(throws: RemoteError.self) { try file.read() }
    }

    @Test func credentialsOfAFile() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            Array(
                """
                # a comment
                [default]
                aws_access_key_id = AAAA
                aws_secret_access_key=b+b/b==
                [ lab ]
                aws_secret_access_key = dddd
                aws_access_key_id = CCCC
                aws_session_token = eeee
                """.utf8), to: "credentials")
        let base = ["AWS_SHARED_CREDENTIALS_FILE": path]
        #expect(AWSCredentials(environment: base)?.secretKey == "b+b/b==")
        let lab = try #require(AWSCredentials(environment: base.merging(["AWS_PROFILE": "lab"]) { $1 }))
        #expect(lab.accessKey == "CCCC" && lab.secretKey == "dddd" && lab.sessionToken == "eeee")
        #expect(AWSCredentials(environment: base.merging(["AWS_PROFILE": "none"]) { $1 }) == nil)
        let direct = AWSCredentials(
            environment: base.merging(["AWS_ACCESS_KEY_ID": "X", "AWS_SECRET_ACCESS_KEY": "Y"]) { $1 })
        #expect(direct?.accessKey == "X" && direct?.sessionToken == nil)
    }
}
