import Engine
import Fingerprints
import Synchronization

/// A remote store in memory that does what it is told, however wrong, and keeps a list of what it was asked.
final class FakeRemote: RemoteStore {
    struct State {
        var objects: [RemoteKey: [UInt8]] = [:]
        var log: [String] = []
        /// Called before each request: what it throws is the answer.
        var before: (@Sendable (_ verb: String, _ key: RemoteKey) throws -> Void)?
        /// Bytes of an answer after which it breaks off, one for each answer.
        var cuts: [Int] = []
        var pieceBytes = 1000
        var knowsRanges = true
    }

    let name = "fake:store"
    let state = Mutex(State())

    var log: [String] { state.withLock(\.log) }
    var keys: [RemoteKey] { state.withLock { Array($0.objects.keys) } }
    func object(_ key: RemoteKey) -> [UInt8]? { state.withLock { $0.objects[key] } }
    func set(_ key: RemoteKey, _ bytes: [UInt8]?) { state.withLock { $0.objects[key] = bytes } }

    private func asked(_ verb: String, _ key: RemoteKey, _ more: String = "") throws {
        let before = state.withLock { state in
            state.log.append("\(verb) \(key.description.prefix(12))\(more)")
            return state.before
        }
        try before?(verb, key)
    }

    func get(_ key: RemoteKey, from start: Int, receive: (Int, UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        try asked("get", key, start > 0 ? " from \(start)" : "")
        let (bytes, piece, first, cut) = state.withLock { state in
            (
                state.objects[key], state.pieceBytes, state.knowsRanges ? start : 0,
                state.cuts.isEmpty ? nil : state.cuts.removeFirst()
            )
        }
        guard let bytes else { return false }
        var place = first
        while place < bytes.count {
            let end = min(bytes.count, place + piece)
            if let cut, place - first >= cut { throw RemoteFault.unavailable("the body broke off") }
            try bytes[place..<end].withUnsafeBytes { try receive(place, $0) }
            place = end
        }
        return true
    }

    func has(_ key: RemoteKey) throws -> Bool {
        try asked("has", key)
        return object(key) != nil
    }

    func putNew(_ bytes: [UInt8], _ key: RemoteKey) throws -> Bool {
        try asked("put", key)
        return state.withLock { state in
            guard state.objects[key] == nil else { return false }
            state.objects[key] = bytes
            return true
        }
    }

    func put(file path: String, bytes: Int, _ key: RemoteKey, sent: (Int) throws -> Void) throws {
        try asked("put", key)
        let content = try LocalFileSystem().read(path) ?? []
        try sent(content.count)
        set(key, content)
    }
}
