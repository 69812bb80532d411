import Foundation
public import TinyRecords
public import TinyFoundation
public import TinyLearning

extension RunDirectory: TrainingRecorder {
    /// Writes a step: its samples first, so that a step's line is never there without them; then its line; then its state, if
    /// it is too large for the line and one is due.
    public func append(_ step: StepRecord, samples: [SampleRecord], savesState: Bool) throws(TrainingError) {
        var line = step
        if let state = step.state, state.numberCount > Self.mostInlineNumbers { line.state = nil }
        try append(samples, to: .samples)
        try append([line], to: .steps)
        if savesState, line.state == nil, let state = step.state { try replaceState(state, step: step.step) }
    }

    /// Writes an evaluation.
    public func append(_ evaluation: EvaluationRecord) throws(TrainingError) {
        try append([evaluation], to: .evaluations)
    }

    /// Appends one line per record and waits until the disk has them.
    private func append(_ records: [some Record], to file: RunFile) throws(TrainingError) {
        guard !records.isEmpty else { return }
        var text = ""
        for record in records {
            text += try recorded(file.rawValue) { () throws(RecordsError) in try record.jsonLine() } + "\n"
        }
        try change(file) { handle in
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.utf8))
        }
    }

    /// Cuts a file off after `count` bytes; makes it when it is not there, leaves it alone when it is no longer.
    func truncate(_ file: RunFile, toByteCount count: Int) throws(TrainingError) {
        guard exists(file.rawValue) else { return try write("", to: file.rawValue) }
        guard try read(file.rawValue).count > count else { return }
        try change(file) { handle in try handle.truncate(atOffset: UInt64(count)) }
    }

    private func change(_ file: RunFile, _ body: (FileHandle) throws -> Void) throws(TrainingError) {
        do {
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: location(file.rawValue)))
            defer { try? handle.close() }  // after the flush below nothing is left that closing could lose
            try body(handle)
            try handle.synchronize()
        } catch {
            throw unwritable(file.rawValue, error)
        }
    }

    /// Replaces a whole file in one step.
    func write(_ text: String, to name: String) throws(TrainingError) {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: location(name)), options: .atomic)
        } catch {
            throw unwritable(name, error)
        }
    }

    /// The complete lines of a file with the byte each ends at; what follows the last line break is torn and left out.
    func lines<Line: Record>(of file: RunFile) throws(TrainingError) -> [(record: Line, end: Int)] {
        guard exists(file.rawValue) else { return [] }
        let bytes = try read(file.rawValue)
        var found: [(record: Line, end: Int)] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: bytes[start..<end], as: UTF8.self)
            let record = try recorded("\(file.rawValue):\(found.count + 1)") { () throws(RecordsError) in
                try Line(json: line)
            }
            found.append((record, end + 1))
            start = end + 1
        }
        return found
    }

    /// A file that is one record.
    func record<Content: Record>(_ name: String) throws(TrainingError) -> Content {
        let text = String(decoding: try read(name), as: UTF8.self)
        return try recorded(name) { () throws(RecordsError) in try Content(json: text) }
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: location(name)) }

    func location(_ name: String) -> String { URL(fileURLWithPath: path).appendingPathComponent(name).path }

    /// Says which file a record's error belongs to.
    func recorded<Value>(
        _ place: String, _ body: () throws(RecordsError) -> Value
    ) throws(TrainingError) -> Value {
        do {
            return try body()
        } catch {
            throw TrainingError(
                error.code == .notFinite ? .notFinite : .damagedRun, "\(location(place)): \(error.message)",
                hint: error.hint, underlying: error)
        }
    }

    private func read(_ name: String) throws(TrainingError) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: location(name))))
        } catch {
            throw TrainingError(
                .damagedRun, "\(location(name)) cannot be read: \(systemReason(error))", underlying: error)
        }
    }

    private func unwritable(_ name: String, _ error: any Error) -> TrainingError {
        TrainingError(
            .unwritable, "\(location(name)) cannot be written: \(systemReason(error))",
            hint: "everything written before is kept; resume when the file can be written", underlying: error)
    }
}
