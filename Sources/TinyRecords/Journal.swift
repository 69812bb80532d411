import Foundation
public import TinyFoundation

/// A file of records that grows line by line, such as `steps.jsonl` of a run.
///
/// Appended lines are on the disk when ``append(_:)`` returns. A process that dies at any instant leaves at most one torn line,
/// the last: reading leaves it out, and ``keep(_:)`` cuts it off before more lines follow.
///
/// ```swift
/// let steps = Journal<StepRecord>(path: "runs/first/steps.jsonl")
/// let finished = try steps.read()
/// try steps.keep(finished.count)                // resuming starts after the last complete line
/// try steps.append([next])
/// ```
public struct Journal<Line: Record>: Sendable {
    /// Where the file is or will be.
    public let path: String
    private let name: String

    /// Describes a file; nothing is read or written yet.
    ///
    /// Messages call the file `name`, or by its path.
    public init(path: String, name: String? = nil) {
        self.path = path
        self.name = name ?? path
    }

    /// The complete lines; none when there is no file.
    ///
    /// - Throws: ``RecordsError`` naming the file, and the line if one is damaged.
    public func read() throws(RecordsError) -> [Line] {
        var lines: [Line] = []
        let texts = try completeLines().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for text in texts.dropLast() {
            lines.append(try Line(json: String(decoding: text, as: UTF8.self), name: "\(name):\(lines.count + 1)"))
        }
        return lines
    }

    /// Number of complete lines; 0 when there is no file or it cannot be read.
    public var count: Int { (try? completeLines())?.count { $0 == UInt8(ascii: "\n") } ?? 0 }

    /// Counts the lines after a place in the file and reads the last of them, as cheaply as a progress display needs.
    ///
    /// - Parameter offset: Bytes counted by earlier calls, 0 at first.
    public func newLines(after offset: inout Int) -> (count: Int, last: Line?) {
        guard let handle = FileHandle(forReadingAtPath: path) else { return (0, nil) }
        defer { try? handle.close() }
        guard (try? handle.seek(toOffset: UInt64(offset))) != nil, let bytes = try? handle.readToEnd(),
            let end = bytes.lastIndex(of: UInt8(ascii: "\n"))
        else { return (0, nil) }
        let lines = bytes[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        offset += bytes.distance(from: bytes.startIndex, to: end) + 1
        return (lines.count, lines.last.flatMap { try? Line(json: String(decoding: $0, as: UTF8.self)) })
    }

    /// Appends lines and waits until the disk has them. Makes the file when there is none.
    ///
    /// - Throws: ``RecordsError`` with code `notFinite`, and nothing is written, or `unwritable`.
    public func append(_ lines: [Line]) throws(RecordsError) {
        guard !lines.isEmpty else { return }
        let text = try text(of: lines)
        try change { handle in
            try handle.seekToEnd()
            try handle.write(contentsOf: text)
        }
    }

    /// Cuts off everything after the first `count` complete lines. Makes an empty file when there is none.
    public func keep(_ count: Int) throws(RecordsError) {
        let bytes = try completeLines()
        var end = bytes.startIndex
        for _ in 0..<count {
            guard let lineEnd = bytes[end...].firstIndex(of: UInt8(ascii: "\n")) else { break }
            end = lineEnd + 1
        }
        let length = UInt64(end - bytes.startIndex)
        try change { handle in
            if try handle.seekToEnd() > length { try handle.truncate(atOffset: length) }
        }
    }

    /// Replaces the whole file in one step.
    public func replace(with lines: [Line]) throws(RecordsError) {
        try write(try text(of: lines), to: path, name: name)
    }

    private func completeLines() throws(RecordsError) -> Data {
        guard FileManager.default.fileExists(atPath: path) else { return Data() }
        let bytes = try contents(of: path, name: name)
        return bytes.prefix((bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)
    }

    private func text(of lines: [Line]) throws(RecordsError) -> Data {
        var text = ""
        for line in lines { text += try naming(name) { () throws(RecordsError) in try line.jsonLine() } + "\n" }
        return Data(text.utf8)
    }

    private func change(_ body: (FileHandle) throws -> Void) throws(RecordsError) {
        do {
            if !FileManager.default.fileExists(atPath: path) { try AtomicFile.write(Data(), to: path) }
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            defer { try? handle.close() }  // after the flush below nothing is left that closing could lose
            try body(handle)
            try handle.synchronize()
        } catch {
            throw RecordsError(.unwritable, "\(name) cannot be written: \(systemReason(error))", underlying: error)
        }
    }
}

extension Record {
    /// Reads a file that is one record.
    ///
    /// Messages call the file `name`, or by its path.
    ///
    /// - Throws: ``RecordsError`` naming the file.
    public init(contentsOf path: String, name: String? = nil) throws(RecordsError) {
        let name = name ?? path
        try self.init(json: String(decoding: try contents(of: path, name: name), as: UTF8.self), name: name)
    }

    /// Writes a file that is this record, in one step.
    ///
    /// - Throws: ``RecordsError`` naming the file, with code `notFinite` or `unwritable`.
    public func write(to path: String) throws(RecordsError) {
        let text = try naming(path) { () throws(RecordsError) in try jsonDocument() }
        try TinyRecords.write(Data(text.utf8), to: path, name: path)
    }

    /// Reads a part of a file; messages begin with `name`.
    fileprivate init(json: String, name: String) throws(RecordsError) {
        self = try naming(name) { () throws(RecordsError) in try Self(json: json) }
    }
}

private func naming<Value>(_ name: String, _ body: () throws(RecordsError) -> Value) throws(RecordsError) -> Value {
    do {
        return try body()
    } catch {
        throw RecordsError(error.code, "\(name): \(error.message)", hint: error.hint, underlying: error)
    }
}

private func contents(of path: String, name: String) throws(RecordsError) -> Data {
    do {
        return try contents(ofFile: path)
    } catch {
        throw RecordsError(
            .unreadable, error.underlying.map { "\(name) cannot be read: \($0)" } ?? error.message, hint: error.hint,
            underlying: error)
    }
}

private func write(_ data: Data, to path: String, name: String) throws(RecordsError) {
    do {
        try AtomicFile.write(data, to: path)
    } catch {
        throw RecordsError(
            .unwritable, "\(name) cannot be written: \(error.underlying.map { "\($0)" } ?? error.message)",
            underlying: error)
    }
}
