import Engine
import Foundation

/// What an error says to a user: no raw error of a library, no address inside a store.
public func describe(_ error: any Error) -> String {
    // What is being made beside its place (`.demo#new-17`) is called by the name that it will have.
    let text = withoutStoreAddresses("\(plain(error))").replacing(#/\/\.([^\/#]+)#(?:new|page|lock)[^\/:\s]*/#) {
        "/\($0.output.1)"
    }
    guard text.contains(String(cString: strerror(EFBIG))) else { return text }
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0, limit.rlim_cur != ~0 else { return text }
    return text + "; a file may have \(limit.rlim_cur) bytes here: raise the limit (`ulimit -f`) and run again"
}

/// The reason alone, for messages that name the file themselves.
public func reason(_ error: any Error) -> String {
    guard let error = plain(error) as? FileSystemError else { return describe(error) }
    return error.code == EILSEQ ? "expected text in UTF-8" : String(cString: strerror(error.code))
}

/// The error, with Foundation's in the engine's words.
private func plain(_ error: any Error) -> any Error {
    switch error {
    case EngineError.stageFailed(let job, let stage, let cause):
        EngineError.stageFailed(job: job, stage: stage, error: plain(cause))
    case let error as CocoaError: FileSystemError(error)
    case let error as POSIXError:
        FileSystemError("use", error.userInfo[NSFilePathErrorKey] as? String ?? "a file", code: error.code.rawValue)
    default: error
    }
}

extension FileSystemError {
    fileprivate init(_ error: CocoaError) {
        let path = error.filePath ?? error.url?.path ?? "a file"
        // Of a file that is not there Foundation does not say what it was wanted for.
        let isWriting = error.code.rawValue >= CocoaError.fileWriteUnknown.rawValue
        self.init(
            isWriting ? "write" : error.code == .fileNoSuchFile ? "use" : "read", path, code: Self.code(of: error))
    }

    /// The system's error number, from the error itself or what lies under it.
    private static func code(of error: CocoaError) -> Int32 {
        if let cause = error.underlying as? POSIXError { return cause.code.rawValue }
        if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError, cause.domain == NSPOSIXErrorDomain {
            return Int32(cause.code)
        }
        switch error.code {
        case .fileNoSuchFile, .fileReadNoSuchFile: return ENOENT
        case .fileReadNoPermission, .fileWriteNoPermission: return EACCES
        case .fileWriteFileExists: return EEXIST
        case .fileWriteOutOfSpace: return ENOSPC
        case .fileWriteVolumeReadOnly: return EROFS
        case .fileReadInvalidFileName, .fileWriteInvalidFileName: return EINVAL
        case .fileReadTooLarge: return EFBIG
        case .fileReadInapplicableStringEncoding, .fileReadUnknownStringEncoding, .fileReadCorruptFile: return EILSEQ
        default: return EIO
        }
    }
}
