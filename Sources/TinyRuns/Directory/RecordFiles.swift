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
            throw error.code == .directoryInUse ? RunError(.directoryInUse, error) : unmade(path, error)
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

extension RunDirectory {
    /// Makes a directory that no other process takes: the first of `name`, `name-2`, `name-3`, … that is not there.
    ///
    /// - Returns: Its path.
    /// - Throws: ``RunError`` with code `unwritable`.
    package static func claim(_ name: String) throws(RunError) -> String {
        do throws(FileError) {
            return try freeName(name) { path throws(FileError) in try !AtomicFile.makeNewDirectory(path) }
        } catch {
            throw unmade(name, error)
        }
    }
}

/// Why a directory could not be made.
private func unmade(_ path: String, _ error: FileError) -> RunError {
    guard let reason = error.underlying else { return RunError(.unwritable, error) }
    return unwritable(path, reason)
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
