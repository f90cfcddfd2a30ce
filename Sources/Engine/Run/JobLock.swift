import Fingerprints
import Glibc

extension Store {
    /// The lock under which a fingerprint is made, or nil when another holds it. A dead holder's lock is free at once;
    /// that of a dead host, on a network disk, when its lease has run out.
    func lock(_ fingerprint: Digest, label: String) throws -> (any FileLock)? {
        // Asked often while another host is at it: one read, then.
        if let lease, let theirs = try fileSystem.read(leasePath(fingerprint)),
            !isOver(theirs, at: leasePath(fingerprint), after: lease)
        {
            return nil
        }
        let path = lockPath(fingerprint)
        guard let lock = try makingFolder(of: path, { try fileSystem.lock(path, exclusive: true, label: label) }) else {
            return nil
        }
        guard let lease else { return lock }
        do {
            if let held = try Lease.take(leasePath(fingerprint), label: label, seconds: lease, in: self) {
                return LeasedLock(lock: lock, lease: held)
            }
        } catch {
            lock.release(removing: true)
            throw error
        }
        lock.release(removing: true)
        return nil
    }

    /// Who makes `fingerprint` right now: `pid@host job`.
    func holder(of fingerprint: Digest) throws -> String? {
        if lease != nil, let bytes = try fileSystem.read(leasePath(fingerprint)) {
            let lease = LeaseText(bytes)
            // Just made, and not yet written.
            if lease.host != host.name { return lease.label.isEmpty ? "another process" : lease.label }
        }
        let path = lockPath(fingerprint)
        guard let bytes = try fileSystem.read(path) else { return nil }
        if let lock = try fileSystem.lock(path, exclusive: false, label: "") {
            // Left by a process that died.
            lock.release(removing: false)
            return nil
        }
        return bytes.isEmpty ? "another process" : String(decoding: bytes, as: UTF8.self)
    }

    /// Under leases a file for each host: its own lock must not depend on what the network makes of `flock`.
    func lockPath(_ fingerprint: Digest) -> String {
        "\(root)/locks/\(fingerprint.hex)" + (lease == nil ? "" : ".\(host.name)")
    }

    private func leasePath(_ fingerprint: Digest) -> String { "\(root)/locks/\(fingerprint.hex).lease" }

    /// After how many seconds without a sign of life another host's lease has run out; nil where locks are enough: on a
    /// local disk, unless the host says otherwise.
    var lease: Double? {
        if let seconds = host.lease { return seconds > 0 ? seconds : nil }
        return sightings.isShared(root, fileSystem) ? 60 : nil
    }
}
