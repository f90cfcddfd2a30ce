import Engine
import Fingerprints

/// Trouble with a results folder's disk (exit code 1).
public struct ResultsError: Error, CustomStringConvertible, Sendable {
    /// The folder, what happened and what to do.
    public let description: String

    init(_ folder: String, _ error: FileSystemError) {
        description = "\(folder) stays as it was: \(error)"
    }

    init(_ text: String) { description = text }
}

/// A folder whose files change together: one writer's are all there, or the one's before it. Files of others that lie
/// there are kept.
///
/// The new files are made in a folder beside it, with second names of all that stays; then the two folders swap their
/// names, in one step. Beside `NAME` lie, while somebody writes, `.NAME#lock` and `.NAME#new-…` (of a page `.NAME#page`
/// and `.NAME#page-…`); where the disk cannot swap, `.NAME#old-…` for the moment between two renames. Who comes after a
/// killed writer takes these away, or puts the old folder back.
package struct ResultsUnit {
    /// The folder itself, not a link to it.
    package let folder: String
    package let disk: any ResultsDisk
    /// Seconds to wait for another writer.
    package var patience: Double

    package struct File: Equatable, Sendable {
        package var name: String
        package var bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    package init(folder: String, disk: any ResultsDisk, patience: Double = 60) {
        self.folder = folder
        self.disk = disk
        self.patience = patience
    }

    private var parent: String { String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]) }
    private var base: String { String(folder[(folder.lastIndex(of: "/") ?? folder.startIndex)...].dropFirst()) }
    /// Bytes that the names beside the folder have more than its own.
    static let nameBytes = 40
    /// No experiment's name and no setting's has a `#`.
    private var prefix: String { ".\(base)#" }
    private func beside(_ kind: String) -> String { "\(parent)/\(prefix)\(kind)-\(disk.uniqueName())" }

    /// Puts the files of one writer in the place of those there.
    /// - Parameters:
    ///   - leavings: names that such a writer leaves, asked for when no other is at work: what there is of them and not
    ///     in `files` goes.
    ///   - isSame: whether a file there says the same as the new one and may stay; its name, its bytes, the new ones.
    /// - Returns: false where all was so already and nothing was touched.
    /// - Throws: `ResultsError`, also where something other than a file has a file's name; `EngineError.lockTimeout`.
    package func replace(
        with files: [File], leavings: () throws -> Set<String>,
        isSame: (String, [UInt8], [UInt8]) throws -> Bool = { $1 == $2 }
    ) throws -> Bool {
        try locked {
            let isThere = try disk.entry(folder) != nil
            let present = isThere ? try disk.names(in: folder) : []
            let new = Set(files.map(\.name)), names = try new.union(leavings())
            let owned = present.filter(names.contains)
            for name in owned { try Self.checkIsFile("\(folder)/\(name)", shown: "\(folder)/\(name)", disk) }
            var staying: Set<String> = Set(present).subtracting(owned)
            for file in files where owned.contains(file.name) {
                if let old = try disk.read("\(folder)/\(file.name)"), try isSame(file.name, old, file.bytes) {
                    staying.insert(file.name)
                }
            }
            if isThere, new.isSubset(of: staying), owned.allSatisfy(new.contains) { return false }
            let staged = beside("new")
            do {
                try stage(
                    files.filter { !staying.contains($0.name) }, and: staying.sorted(), in: staged, isThere: isThere)
            } catch {
                try? disk.remove(staged)
                throw error
            }
            let old = try swap(staged, isThere: isThere)
            if let old { try sweep(old, but: names) }
            return true
        }
    }

    /// Runs `body` while no other writer is at work here.
    func locked<R>(_ body: () throws -> R) throws -> R {
        try holding("lock") {
            try recover()
            return try body()
        }
    }

    /// Makes entries in a folder beside this one, however long it takes, and then puts them in place.
    /// - Parameters:
    ///   - names: the entries, in the order in which they get there; what there is of one that was not made goes.
    ///   - make: gets the folder to make them in.
    package func publish<R>(_ names: [String], _ make: (String) throws -> R) throws -> R {
        try holding("page") {
            for name in try disk.names(in: parent) where name.hasPrefix(prefix + "page-") {
                try disk.remove("\(parent)/\(name)")
            }
            let draft = beside("page")
            defer { try? disk.remove(draft) }
            try disk.makeFolder(draft)
            let made = try make(draft)
            try disk.sync(draft, namesOnly: false)
            try locked {
                try disk.makeFolder(folder)
                for name in names {
                    if case .link? = try disk.entry("\(folder)/\(name)") {
                        try Self.checkIsFile("\(folder)/\(name)", shown: "\(folder)/\(name)", disk)
                    }
                    if try disk.entry("\(folder)/\(name)") != .file { try disk.remove("\(folder)/\(name)") }
                    if try disk.entry("\(draft)/\(name)") != nil {
                        try disk.rename("\(draft)/\(name)", to: "\(folder)/\(name)")
                    }
                }
            }
            return made
        }
    }

    /// - Parameter kind: the lock's own: who writes a page for minutes keeps nobody from changing the folder.
    private func holding<R>(_ kind: String, _ body: () throws -> R) throws -> R {
        do {
            try disk.makeFolder(parent)
            let lock = try hold("\(parent)/\(prefix)\(kind)")
            defer { lock.release(removing: true) }
            return try body()
        } catch let error as FileSystemError {
            throw ResultsError(folder, error)
        }
    }

    private func hold(_ path: String) throws -> any FileLock {
        var waited = 0.0
        while true {
            if let lock = try disk.lock(path) { return lock }
            guard waited < patience else {
                let holder = try disk.read(path).map { String(decoding: $0, as: UTF8.self) } ?? "another run"
                throw EngineError.lockTimeout(
                    job: "writing \(folder)", holder: "process \(holder)", seconds: patience)
            }
            disk.pause()
            waited += 0.02
        }
    }

    /// Tidies up after a writer that was killed.
    private func recover() throws {
        let left = try disk.names(in: parent).filter {
            $0.hasPrefix(prefix + "new-") || $0.hasPrefix(prefix + "old-")
        }
        for name in left where name.hasPrefix(prefix + "old-") {
            if try disk.entry(folder) == nil { try disk.rename("\(parent)/\(name)", to: folder) }
        }
        for name in left { try disk.remove("\(parent)/\(name)") }
    }

    /// - Parameter shown: the path as the user knows it.
    /// - Throws: `ResultsError` for anything but a file: a link is not replaced, as what it names would silently be
    ///   old.
    static func checkIsFile(_ path: String, shown: String, _ disk: any ResultsDisk) throws {
        switch try disk.entry(path) {
        case .file?, nil: return
        case .link(let target)?:
            throw ResultsError(
                "\(shown) is a link to \(target), and a run would have to put a file in its place; "
                    + "remove the link, or turn it round: let a link there point here")
        case .folder?, .other?:
            throw ResultsError("\(shown) is no file, and a run would have to put one in its place; move it away")
        }
    }

    /// Makes the new folder beside the old one, whole and flushed.
    private func stage(_ files: [File], and staying: [String], in staged: String, isThere: Bool) throws {
        try disk.makeFolder(staged)
        for file in files { try disk.write(file.bytes, to: "\(staged)/\(file.name)") }
        for name in staying { try keep("\(folder)/\(name)", as: "\(staged)/\(name)") }
        if isThere { try disk.copyMode(of: folder, to: staged) }
        try disk.sync(staged, namesOnly: false)
    }

    private func keep(_ path: String, as new: String) throws {
        switch try disk.entry(path) {
        case .folder?:
            try disk.makeFolder(new)
            for name in try disk.names(in: path) { try keep("\(path)/\(name)", as: "\(new)/\(name)") }
            try disk.copyMode(of: path, to: new)
        case .file?, .link?, .other?: try disk.link(path, to: new)
        case nil: return
        }
    }

    /// - Returns: where the old folder lies now; nil when there was none.
    private func swap(_ staged: String, isThere: Bool) throws -> String? {
        var old: String?
        if !isThere {
            try disk.rename(staged, to: folder)
        } else if try disk.exchange(staged, folder) {
            old = staged
        } else {
            let aside = beside("old")
            try disk.rename(folder, to: aside)
            do {
                try disk.rename(staged, to: folder)
            } catch {
                try disk.rename(aside, to: folder)
                throw error
            }
            old = aside
        }
        try disk.sync(parent, namesOnly: true)
        return old
    }

    /// Takes the old folder away, but for what somebody put there in the meantime.
    private func sweep(_ old: String, but owned: Set<String>) throws {
        for name in try disk.names(in: old) where !owned.contains(name) {
            if try disk.entry("\(folder)/\(name)") == nil {
                try disk.rename("\(old)/\(name)", to: "\(folder)/\(name)")
            }
        }
        do {
            try disk.remove(old)
        } catch is FileSystemError {
            // The new files are in place; the next writer tries again.
        }
    }
}
