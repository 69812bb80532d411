import Foundation
import TinyFoundation
import TinyRecords

extension DirectoryLock {
    /// Makes a directory of records if need be, checks that it can be written, and locks it.
    ///
    /// - Throws: ``RunError`` with code `directoryInUse` or `unwritable`.
    convenience init(making path: String) throws(RunError) {
        do throws(FileError) {
            try AtomicFile.makeDirectory(path)
            try self.init(path)
        } catch {
            if error.code == .directoryInUse { throw RunError(.directoryInUse, error) }
            guard let reason = error.underlying else { throw RunError(.unwritable, error) }
            throw unwritable(path, reason)
        }
        do {
            let probe = URL(fileURLWithPath: path).appendingPathComponent(".writable")
            try Data().write(to: probe)
            try FileManager.default.removeItem(at: probe)
        } catch {
            throw unwritable(path, error)
        }
    }
}

private func unwritable(_ path: String, _ error: any Error) -> RunError {
    let reason = error is SystemError ? "\(error)" : systemReason(error)
    return RunError(.unwritable, "\(path) cannot be written: \(reason)", underlying: error)
}

let keptHint = "everything written before is kept; resume when the file can be written"

/// Does something with a file of records; its errors become this target's.
func converted<Value>(_ body: () throws(RecordsError) -> Value) throws(RunError) -> Value {
    do {
        return try body()
    } catch {
        switch error.code {
        case .notFinite: throw RunError(.notFinite, error)
        case .unwritable: throw RunError(.unwritable, error.message, hint: keptHint, underlying: error)
        default: throw RunError(.damagedRecords, error)
        }
    }
}
