import Engine
import Fingerprints
import Foundation
import Testing

@Suite struct LocalFileSystemTests {
    let files = LocalFileSystem()

    @Test func scanFollowsLinksAndFindsLoops() throws {
        let shop = try Workshop()
        try shop.write("1", to: "real/one")
        try shop.write("2", to: "d/two")
        try FileManager.default.createSymbolicLink(
            atPath: shop.path("d/folder"), withDestinationPath: shop.path("real"))
        try FileManager.default.createSymbolicLink(
            atPath: shop.path("d/file"), withDestinationPath: shop.path("real/one"))
        let scan = try files.scan(shop.path("d"), threads: 2)
        #expect((0..<scan.count).map(scan.name).sorted() == ["file", "folder/one", "two"])
        #expect((0..<scan.count).filter { scan.status($0).isLink }.map(scan.name).sorted() == ["file", "folder/one"])
        #expect(scan.bytes == 3)
        try FileManager.default.createSymbolicLink(atPath: shop.path("real/loop"), withDestinationPath: shop.path("d"))
        #expect(throws: FileSystemError.self) { try files.scan(shop.path("d"), threads: 1) }
        try FileManager.default.removeItem(atPath: shop.path("real/loop"))
        try FileManager.default.createSymbolicLink(
            atPath: shop.path("d/nowhere"), withDestinationPath: shop.path("absent"))
        // In an output it is a fault, in an input no file.
        let error = #expect(throws: FileSystemError.self) { try files.scan(shop.path("d"), threads: 1) }
        #expect(error?.path == shop.path("d/nowhere"))
        #expect(try files.scan(shop.path("d"), threads: 1, asInput: true).count == 3)
    }

    /// As the kernel writes them: blanks, tabs, line ends and backslashes in octal, the last of two at one place on
    /// top.
    @Test func mountPointsAreDecoded() {
        let mounts = Array(
            #"""
            /dev/a / ext4 rw 0 0
            server:/x /my\040disk nfs4 rw 0 0
            /dev/b /my\040disk/local\134\011\012 xfs rw 0 0
            /dev/c /my btrfs rw 0 0
            server:/y /twice nfs rw 0 0
            /dev/d /twice ext4 rw 0 0
            """#.utf8)
        let kinds = [
            "/", "/my disk", "/my disk/a b", "/my diskette", "/my disk/local\\\t\n/x", "/my/disk", "/my\\040disk",
            "/twice/x",
        ].map { mountKind(of: $0, mounts: mounts) }
        #expect(kinds == ["ext4", "nfs4", "nfs4", "ext4", "xfs", "btrfs", "ext4", "ext4"])
    }

    @Test func specialFilesAreRefusedNotRead() throws {
        let shop = try Workshop()
        try FileManager.default.createDirectory(atPath: shop.path("d"), withIntermediateDirectories: true)
        #expect(mkfifo(shop.path("d/pipe"), 0o644) == 0)
        let plan = try Plan([
            Job(id: "s", stage: TestStage.join("s", inputs: ["d"]), inputs: [Input("d", .file(shop.path("d")))])
        ])
        let error = #expect(throws: EngineError.self) { try shop.run(plan) }
        #expect(error?.description.contains("cannot read the special file \(shop.path("d/pipe"))") == true)
    }

    @Test func removalDoesNotFollowLinks() throws {
        let shop = try Workshop()
        try shop.write("precious", to: "outside/file")
        try shop.write("x", to: "d/sub/file")
        try FileManager.default.createSymbolicLink(
            atPath: shop.path("d/link"), withDestinationPath: shop.path("outside"))
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: shop.path("d/sub"))
        try files.remove(shop.path("d"))
        #expect(!FileManager.default.fileExists(atPath: shop.path("d")))
        #expect(try readText(shop.path("outside/file")) == "precious")
        try files.remove(shop.path("d"))
    }

    @Test func locksExcludeAndAreGivenBack() throws {
        let shop = try Workshop()
        let path = shop.path("lock")
        let first = try #require(try files.lock(path, exclusive: true, label: "me"))
        #expect(try readText(path) == "me")
        #expect(try files.lock(path, exclusive: true, label: "you") == nil)
        #expect(try files.lock(path, exclusive: false, label: "") == nil)
        first.release(removing: true)
        #expect(!FileManager.default.fileExists(atPath: path))
        let shared = try #require(try files.lock(path, exclusive: false, label: ""))
        let other = try #require(try files.lock(path, exclusive: false, label: ""))
        #expect(try files.lock(path, exclusive: true, label: "") == nil)
        shared.release(removing: false)
        other.release(removing: false)
        #expect(try files.lock(path, exclusive: true, label: "") != nil)
    }

    @Test func aFileIsCreatedOnce() throws {
        let shop = try Workshop()
        #expect(try files.create(Array("one".utf8), at: shop.path("lease")))
        #expect(try !files.create(Array("two".utf8), at: shop.path("lease")))
        #expect(try readText(shop.path("lease")) == "one")
        #expect(throws: FileSystemError.self) { try files.create([], at: shop.path("no/such/folder")) }
    }

    /// Here, in a folder that is not there yet, and in the memory of the machine: locks do.
    @Test func localDisksNeedNoLeases() throws {
        let shop = try Workshop()
        for path in [shop.folder, shop.path("not/yet"), "/", "/dev/shm"] { #expect(!files.isShared(path), "\(path)") }
    }

    @Test func pathsAreMadeAbsolute() throws {
        let here = FileManager.default.currentDirectoryPath
        #expect(try files.absolute("a/./b//c") == here + "/a/b/c")
        #expect(try files.absolute("/x/./y/") == "/x/y")
        #expect(try files.absolute("/x/../y") == "/x/../y")
    }

    @Test func smallFiles() throws {
        let shop = try Workshop()
        let path = shop.path("f")
        #expect(try files.read(path) == nil)
        #expect(try files.status(of: path + "/below") == nil)
        try files.append(Array("ab".utf8), to: path)
        try files.append(Array("cd".utf8), to: path)
        #expect(try files.read(path) == Array("abcd".utf8))
        try files.write([], to: path)
        #expect(try files.read(path) == [])
        #expect(try files.read("/proc/self/stat")?.isEmpty == false)
        let error = #expect(throws: FileSystemError.self) { try files.write([1], to: shop.path("no/such/folder")) }
        #expect(error?.description == "cannot write \(shop.path("no/such/folder")): No such file or directory")
    }
}
