import Fingerprints
import Glibc

/// The file that says that a folder is a store, and of which format. Stores of before there was one are known by their
/// layout; any other folder with something in it is somebody else's.
extension Store {
    /// The format that this program writes.
    static let format = 1
    static let markerName = "lavise-store.json"

    private var markerPath: String { "\(root)/\(Store.markerName)" }

    /// - Throws: `EngineError.notAStore`, `.newerStore`; `FileSystemError` where it cannot be told.
    func checkIsStore() throws {
        if let status = try fileSystem.status(of: root), status.kind != .folder {
            throw FileSystemError("keep a store in", root, code: ENOTDIR)
        }
        guard let bytes = try fileSystem.read(markerPath) else {
            if let stranger = try stranger() { throw EngineError.notAStore(path: root, found: stranger) }
            return
        }
        guard let value = try? Value(json: bytes), value["kind"] == Store.kind, let format = value["format"]?.intValue
        else {
            throw EngineError.notAStore(path: root, found: "\(Store.markerName) that says nothing of a store")
        }
        guard format <= Store.format else { throw EngineError.newerFormat(path: root) }
    }

    /// Checks, and founds the store where there is none; one of before there was a marker gets it.
    func open() throws {
        try checkIsStore()
        guard try !isFounded else { return }
        let mayBeReadOnly = try fileSystem.status(of: root) != nil
        do {
            try found()
        } catch let error as FileSystemError where error.isReadOnly && mayBeReadOnly {
            // To be looked at only.
        }
    }

    var isFounded: Bool { get throws { try fileSystem.status(of: markerPath) != nil } }

    /// Makes the folder a store. Checked before: it is one already, or empty, or absent.
    func found() throws {
        try makeDurableFolder(root)
        let ignored = "\(root)/.gitignore"
        // First, so that at no moment git sees what belongs to no repository.
        if try fileSystem.status(of: ignored) == nil { try fileSystem.write(Array("*\n".utf8), to: ignored) }
        let marker: Value = ["kind": Store.kind, "format": .int(Store.format)]
        let temporary = "\(markerPath).\(fileSystem.uniqueName())"
        do {
            try fileSystem.write(Array((marker.json(pretty: true) + "\n").utf8), to: temporary)
            try fileSystem.sync(temporary)
            try fileSystem.rename(temporary, to: markerPath)
        } catch {
            try? fileSystem.remove(temporary)
            throw error
        }
        try fileSystem.sync(root)
    }

    private static let kind: Value = "lavise-pipeline store"

    /// Something in the folder that no store without a marker has; nil when it is such a store, empty or absent.
    private func stranger() throws -> String? {
        let all = try fileSystem.names(in: root)
        // Another process founded it just now.
        if all.contains(Store.markerName) { return nil }
        let names = all.filter { name in
            name != ".gitignore" && !name.hasPrefix("\(Store.markerName).") && !isDropping(Array(name.utf8)[...])
        }
        var isKnown = names.isEmpty
        for name in names {
            guard StoreLayout.fits("", in: name) != nil, try fileSystem.status(of: "\(root)/\(name)")?.kind == .folder
            else { return name }
            for entry in try fileSystem.names(in: "\(root)/\(name)") where !isDropping(Array(entry.utf8)[...]) {
                guard StoreLayout.fits(entry, in: name) == true else { return "\(name)/\(entry)" }
                isKnown = true
            }
        }
        return isKnown ? nil : names.first
    }
}
